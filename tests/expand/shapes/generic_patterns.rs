struct Point {
    x: u8,
    y: u8,
}

#[tta::primitive]
async fn sum<T, const N: usize>((first, _): (T, T), Point { x, .. }: Point, _: [u8; N]) -> T
where
    T: std::ops::Add<u8, Output = T> + Send,
{
    first + x
}

fn main() {}
