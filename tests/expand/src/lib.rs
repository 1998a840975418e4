//! Nothing: the shapes are programs of their own, and their dependencies are this package's.
