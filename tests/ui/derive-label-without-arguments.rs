mod tiers {
    #[derive(tta::Label)]
    #[label]
//~ ^^^^^^^^
    pub enum Tier {
        #[label()]
//~     ^^^^^^^^^^
        Free,
        #[label = "paid"]
//~     ^^^^^^^^^^^^^^^^^
        Paid,
    }
}

fn main() {}
