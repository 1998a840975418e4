//! `#[branch]` changes nothing of what a body means, in every edition and where nothing is observed, too.
#![allow(
    clippy::match_bool,
    clippy::single_match,
    clippy::unnecessary_wraps,
    clippy::unused_async,
    clippy::unused_self,
    reason = "bodies are looked at, whatever is in them"
)]

use std::cell::RefCell;
use std::sync::{Mutex, RwLock};

use futures::executor::block_on;

#[derive(Clone, Debug, PartialEq)]
enum Plan {
    Free,
    Paid { cents: u32 },
    Team(u32, String),
}

/// Tells when it is dropped.
struct Told<'a>(&'a RefCell<Vec<&'static str>>, &'static str);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

impl Told<'_> {
    fn is(&self, what: bool) -> bool {
        what
    }

    fn some(&self) -> Option<&'static str> {
        Some(self.1)
    }
}

#[tta::primitive]
fn as_a_statement(amount: u32) -> u32 {
    let mut fee = 0;
    #[branch("size")]
    if amount > 100 {
        fee += 5;
    } else if amount > 10 {
        fee += 2;
    } else if let Some(left) = 3_u32.checked_sub(amount) {
        fee += left;
    }
    #[tta::branch("is even")]
    if amount.is_multiple_of(2) {
        fee += 100;
    }
    fee
}

#[test]
fn statements_do_what_they_did() {
    assert_eq!([200, 20, 1, 7].map(as_a_statement), [105, 102, 2, 0]);
}

#[tta::primitive]
async fn as_values(plan: Plan) -> String {
    // In an initialiser, an argument, an operand, an arm, a closure, an async block and at the end.
    let kind = #[branch("initialiser")]
    match &plan {
        Plan::Free => "free",
        Plan::Paid { .. } => "paid",
        Plan::Team(..) => "team",
    };
    let mut text = String::from(
        #[branch("argument")]
        if kind.len() > 4 { "long" } else { "short" },
    );
    text += &(1 + #[branch("operand")]
    match kind {
        "free" => 1,
        _ => 2,
    })
    .to_string();
    let twice = |number: u32| {
        #[branch("closure")]
        match number {
            0 => 0,
            number @ 1..=9 => 2 * number,
            _ => number,
        }
    };
    let within = async {
        #[branch("async block")]
        match &plan {
            Plan::Team(size, _) if *size > 1 => twice(*size),
            Plan::Team(..) => 1,
            _ =>
            {
                #[branch("arm")]
                if let Plan::Paid { cents } = plan {
                    std::future::ready(cents).await
                } else {
                    0
                }
            }
        }
    };
    let number = within.await;
    #[branch("end")]
    match plan {
        Plan::Team(_, name) => format!("{text} {number} {name}"),
        Plan::Free | Plan::Paid { .. } => format!("{text} {number}"),
    }
}

#[test]
fn values_are_what_they_were_wherever_they_stand() {
    assert_eq!(block_on(as_values(Plan::Free)), "short2 0");
    assert_eq!(block_on(as_values(Plan::Paid { cents: 7 })), "short3 7");
    assert_eq!(block_on(as_values(Plan::Team(4, "us".to_owned()))), "short3 8 us");
    assert_eq!(block_on(as_values(Plan::Team(1, "me".to_owned()))), "short3 1 me");
}

#[tta::workflow]
async fn leaves(numbers: &[Option<u32>]) -> Result<u32, String> {
    let mut sum = 0;
    'outer: for number in numbers {
        for _ in 0..2 {
            #[branch("leaves")]
            match number {
                None => continue 'outer,
                Some(0) => break 'outer,
                Some(13) => return Ok(13),
                Some(number) if *number > 100 => Err(format!("{number} is too much"))?,
                Some(number) => sum += number,
            }
        }
    }
    let found = #[branch("block")]
    if sum > 50 {
        'found: {
            if sum > 60 {
                break 'found "more";
            }
            "some"
        }
    } else {
        return Ok(sum);
    };
    Err(found.to_owned())
}

#[test]
fn breaks_continues_returns_and_question_marks_go_where_they_went() {
    assert_eq!(block_on(leaves(&[Some(1), None, Some(2)])), Ok(6));
    assert_eq!(block_on(leaves(&[Some(1), Some(0), Some(2)])), Ok(2));
    assert_eq!(block_on(leaves(&[Some(1), Some(13)])), Ok(13));
    assert_eq!(block_on(leaves(&[Some(1), Some(101)])), Err("101 is too much".to_owned()));
    assert_eq!(block_on(leaves(&[Some(26)])), Err("some".to_owned()));
    assert_eq!(block_on(leaves(&[Some(31)])), Err("more".to_owned()));
}

fn drops_of_a_plain_if(log: &RefCell<Vec<&'static str>>, taken: bool) {
    let told = |what| Told(log, what);
    if told("condition").is(taken) {
        log.borrow_mut().push("then");
    } else {
        log.borrow_mut().push("else");
    }
    let _kept = &told("kept");
}

#[tta::primitive]
fn drops_of_a_branch(log: &RefCell<Vec<&'static str>>, taken: bool) {
    let told = |what| Told(log, what);
    #[branch("drops")]
    if told("condition").is(taken) {
        log.borrow_mut().push("then");
    } else {
        log.borrow_mut().push("else");
    }
    let _kept = &told("kept");
}

fn matches_plainly(log: &RefCell<Vec<&'static str>>, taken: bool) {
    let told = |what| Told(log, what);
    let extended = match taken {
        true => &told("extended"),
        false => &told("other"),
    };
    log.borrow_mut().push("bound");
    let length = match told("scrutinee").some() {
        Some(text) if told("guard").is(taken) => text.len() + told("arm").1.len(),
        _ => told("no arm").1.len(),
    };
    log.borrow_mut().push(if length == 12 { "twelve" } else { "six" });
    if let Some(_text) = told("let").some() {
        log.borrow_mut().push("in let");
    }
    log.borrow_mut().push(extended.1);
    match told("last").some() {
        Some(_) => drop(told("in last")),
        None => (),
    }
}

#[tta::primitive]
fn matches_in_branches(log: &RefCell<Vec<&'static str>>, taken: bool) {
    let told = |what| Told(log, what);
    let extended = #[branch("extended")]
    match taken {
        true => &told("extended"),
        false => &told("other"),
    };
    log.borrow_mut().push("bound");
    let length = #[branch("scrutinee")]
    match told("scrutinee").some() {
        Some(text) if told("guard").is(taken) => text.len() + told("arm").1.len(),
        _ => told("no arm").1.len(),
    };
    log.borrow_mut().push(if length == 12 { "twelve" } else { "six" });
    #[branch("let")]
    if let Some(_text) = told("let").some() {
        log.borrow_mut().push("in let");
    }
    log.borrow_mut().push(extended.1);
    #[branch("last")]
    match told("last").some() {
        Some(_) => drop(told("in last")),
        None => (),
    }
}

#[test]
fn temporaries_are_dropped_when_they_were() {
    for taken in [true, false] {
        let (plain, branched) = (RefCell::default(), RefCell::default());
        drops_of_a_plain_if(&plain, taken);
        drops_of_a_branch(&branched, taken);
        assert_eq!(plain, branched);
        matches_plainly(&plain, taken);
        matches_in_branches(&branched, taken);
        assert_eq!(plain, branched);
    }
}

#[tta::primitive]
fn borrows(shared: &Mutex<Vec<u32>>, other: &RwLock<Option<u32>>) -> u32 {
    #[branch("locked")]
    match shared.lock().expect("nobody panics with it").first_mut() {
        Some(first) => *first += 1,
        None => return 0,
    }
    #[branch("read")]
    if let Some(number) = *other.read().expect("nobody panics with it") {
        number
    } else {
        *other.write().map_or(&0, |_| &1)
    }
}

#[test]
fn locks_in_scrutinees_are_held_as_long_as_they_were() {
    let shared = Mutex::new(vec![1]);
    assert_eq!(borrows(&shared, &RwLock::new(Some(7))), 7);
    assert_eq!(shared.into_inner().expect("nobody panics with it"), [2]);
    assert_eq!(borrows(&Mutex::default(), &RwLock::default()), 0);
}

#[tta::primitive]
fn inferred(number: u32) -> Result<Box<dyn Fn(u32) -> u32>, std::num::ParseIntError> {
    let mut parsed = #[branch("turbofish")]
    match number {
        0 => Vec::new(),
        _ => "7".parse().map(|first: u32| vec![first])?,
    };
    parsed.push(number);
    let never = #[branch("never")]
    match parsed.pop() {
        Some(last) => last,
        None => unreachable!("one was pushed"),
    };
    Ok(
        #[branch("coerced")]
        match never {
            0 => Box::new(|number| number),
            never => Box::new(move |number| number + never),
        },
    )
}

#[test]
fn types_are_inferred_through_arms() {
    let of = |number| inferred(number).expect("a number")(1);
    assert_eq!([of(0), of(5)], [1, 6]);
}

#[tta::primitive]
fn nested(number: u32) -> u32 {
    /// It has its own.
    #[tta::primitive]
    fn own(number: u32) -> u32 {
        #[branch("own")]
        if number > 1 { 2 } else { 1 }
    }

    fn plain(number: u32) -> u32 {
        #[branch("of the function around it")]
        if number > 2 { 20 } else { 10 }
    }

    own(number) + plain(number)
}

#[test]
fn functions_within_functions_have_branches_too() {
    assert_eq!([1, 2, 3].map(nested), [11, 12, 22]);
}

struct Shop(u32);

#[tta::primitive]
impl Shop {
    fn sells(&self, price: u32) -> bool {
        #[branch("price")]
        match price.cmp(&self.0) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => self.0 > 10,
            std::cmp::Ordering::Greater => false,
        }
    }
}

#[test]
fn methods_of_an_annotated_block_have_branches_too() {
    let shop = Shop(5);
    assert_eq!([4, 5, 6].map(|price| shop.sells(price)), [true, false, false]);
}
