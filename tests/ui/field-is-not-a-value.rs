struct User;

#[tta::primitive(fields(user))]
//~                     ^^^^
fn serve(user: User) -> User {
    user
}

fn main() {}
