//! The source of the crates: chains of five functions that cross modules.
//!
//! A chain begins in its module and each further function of it is in the next one: an order is placed, priced,
//! reserved, packed and shipped, with two to four awaits, arguments by value and by reference, loops, early returns
//! and `?` on the way. Everything is polled from `start`, or the compiler would leave the bodies out.

use std::fmt::Write as _;

/// Ten modules of ten chains.
const MODULES: usize = 10;
const CHAINS: usize = 10;
pub(crate) const FUNCTIONS: usize = MODULES * CHAINS * BODIES.len();

/// The function that is edited, in this file, and how the line begins; a number and a semicolon follow.
pub(crate) const EDITED_FILE: &str = "module_5.rs";
pub(crate) const EDITED_FUNCTION: &str = "fn reserve_3_4(";
pub(crate) const EDITED_LINE: &str = "let spare = order.id + ";

/// What a function carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    Plain,
    Instrument,
    Tta,
}

impl Edition {
    pub(crate) const ALL: [Edition; 3] = [Edition::Plain, Edition::Instrument, Edition::Tta];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Edition::Plain => "plain",
            Edition::Instrument => "instrument",
            Edition::Tta => "tta",
        }
    }

    pub(crate) fn package(self) -> &'static str {
        match self {
            Edition::Plain => "orders-plain",
            Edition::Instrument => "orders-instrument",
            Edition::Tta => "orders-tta",
        }
    }

    fn attribute(self) -> &'static str {
        match self {
            Edition::Plain => "",
            Edition::Instrument => "#[tracing::instrument(skip_all, err)]\n",
            Edition::Tta => "#[tta::primitive]\n",
        }
    }
}

/// The files of `src`, each with its text.
pub(crate) fn files(edition: Edition) -> Vec<(String, String)> {
    let modules = (0..MODULES).map(|index| (format!("module_{index}.rs"), module(index, edition)));
    std::iter::once(("lib.rs".to_owned(), root())).chain(modules).collect()
}

fn root() -> String {
    let mut text = String::from(ROOT);
    for index in 0..MODULES {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "pub mod module_{index};");
    }
    let starts: Vec<String> = (0..MODULES).map(|index| format!("module_{index}::start(order)")).collect();
    let _ = write!(
        text,
        "\n/// One request to every module.\npub fn start(order: &Order) -> Vec<Request> {{\n    [{}].into_iter().flatten().collect()\n}}\n",
        starts.join(", ")
    );
    text
}

/// What the functions work on, and what they wait for.
const ROOT: &str = r#"//! Orders.

use std::fmt::{self, Display, Formatter};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

#[derive(Clone, Debug, Default)]
pub struct Order {
    pub id: u64,
    pub customer: String,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub struct Item {
    pub name: String,
    pub quantity: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Receipt {
    pub total: u64,
    pub lines: Vec<String>,
}

#[derive(Debug)]
pub enum Error {
    Empty,
    OutOfStock(String),
    Store(u64),
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Error::Empty => f.write_str("nothing is ordered"),
            Error::OutOfStock(name) => write!(f, "no {name} is left"),
            Error::Store(key) => write!(f, "the store does not answer for {key}"),
        }
    }
}

impl std::error::Error for Error {}

pub type Request = Pin<Box<dyn Future<Output = Result<Receipt, Error>> + Send>>;

/// Answers at the second poll.
pub async fn read(key: u64) -> Result<u64, Error> {
    let mut polled = false;
    poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    if key == u64::MAX { Err(Error::Store(key)) } else { Ok(key % 97) }
}

/// Answers when it has read twice.
pub async fn write(key: u64, value: u64) -> Result<(), Error> {
    let before = read(key).await?;
    if read(before ^ value).await? == 96 { Err(Error::Store(key)) } else { Ok(()) }
}

"#;

fn module(module: usize, edition: Edition) -> String {
    let mut text =
        String::from("//! Chains of functions.\n\nuse crate::{Error, Item, Order, Receipt, Request};\n");
    for chain in 0..CHAINS {
        for (place, body) in BODIES.into_iter().enumerate() {
            // The function at `place` belongs to the chain that began `place` modules earlier.
            let home = (module + MODULES - place) % MODULES;
            let next = format!("crate::module_{}::{}", (module + 1) % MODULES, name(home, chain, place + 1));
            let function = body
                .replace("ATTRIBUTE\n", edition.attribute())
                .replace("NAME", &name(home, chain, place))
                .replace("NEXT", &next)
                .replace("KEY", &(module * 100 + chain * 10 + place).to_string());
            text.push_str(&function);
        }
    }
    let requests: Vec<String> = (0..CHAINS)
        .map(|chain| {
            let first = name(module, chain, 0);
            format!("        {{ let order = order.clone(); Box::pin(async move {{ {first}(&order, 3).await }}) }},\n")
        })
        .collect();
    let _ = write!(
        text,
        "\n/// One request to every chain that begins here.\npub fn start(order: &Order) -> Vec<Request> {{\n    vec![\n{}    ]\n}}\n",
        requests.concat()
    );
    text
}

fn name(home: usize, chain: usize, place: usize) -> String {
    let verb = ["place", "price", "reserve", "pack", "ship"].get(place).unwrap_or(&"end");
    format!("{verb}_{home}_{chain}")
}

const BODIES: [&str; 5] = [PLACE, PRICE, RESERVE, PACK, SHIP];

const PLACE: &str = "
ATTRIBUTE
pub async fn NAME(order: &Order, attempts: u32) -> Result<Receipt, Error> {
    if order.items.is_empty() {
        return Err(Error::Empty);
    }
    let known = crate::read(order.id ^ KEY).await?;
    let mut receipt = Receipt::default();
    for attempt in 0..attempts {
        match NEXT(order, &order.customer, known).await {
            Ok(total) => {
                receipt.total += total;
                receipt.lines.push(format!(\"{}: {total}\", order.customer));
                break;
            }
            Err(Error::Store(_)) if attempt + 1 < attempts => {
                crate::read(u64::from(attempt)).await?;
            }
            Err(error) => return Err(error),
        }
    }
    crate::write(order.id, receipt.total).await?;
    Ok(receipt)
}
";

const PRICE: &str = "
ATTRIBUTE
pub async fn NAME(order: &Order, customer: &str, known: u64) -> Result<u64, Error> {
    let discount = crate::read(customer.len() as u64 + KEY).await?.min(50);
    let mut total = 0;
    for item in &order.items {
        let price = crate::read(item.name.len() as u64).await?;
        total += price * item.quantity;
    }
    let reserved = NEXT(order.clone(), total).await?;
    let paid = total.saturating_sub(total * discount / 100);
    Ok(if reserved.is_empty() { known } else { paid })
}
";

const RESERVE: &str = "
ATTRIBUTE
pub async fn NAME(order: Order, total: u64) -> Result<Vec<Item>, Error> {
    let spare = order.id + 1000;
    let mut reserved = Vec::with_capacity(order.items.len());
    for item in order.items {
        let stock = crate::read(item.quantity + KEY).await?;
        if stock + spare < item.quantity {
            return Err(Error::OutOfStock(item.name));
        }
        crate::write(item.quantity, stock - item.quantity.min(stock)).await?;
        reserved.push(item);
    }
    let boxes = NEXT(&mut reserved, total).await?;
    reserved.truncate(boxes);
    Ok(reserved)
}
";

const PACK: &str = "
ATTRIBUTE
pub async fn NAME(items: &mut Vec<Item>, total: u64) -> Result<usize, Error> {
    items.retain(|item| item.quantity > 0);
    items.sort_by(|a, b| a.name.cmp(&b.name));
    let weight: u64 = items.iter().map(|item| item.quantity * KEY).sum();
    let limit = crate::read(weight).await?;
    let mut boxes = 0;
    while boxes < items.len() && (boxes as u64) < limit {
        let first = items[boxes].name.clone();
        NEXT(first, Some(total), (weight, limit)).await?;
        boxes += 1;
    }
    Ok(boxes)
}
";

const SHIP: &str = "
ATTRIBUTE
pub async fn NAME(name: String, total: Option<u64>, (weight, limit): (u64, u64)) -> Result<(), Error> {
    let Some(total) = total else {
        return Ok(());
    };
    let route = async {
        let near = crate::read(weight + KEY).await?;
        let far = crate::read(limit).await?;
        Ok::<u64, Error>(near.min(far))
    };
    let route = route.await?;
    if name.is_empty() {
        Err(Error::OutOfStock(name))
    } else {
        crate::write(route, total).await
    }
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_editions_differ_in_nothing_but_one_attribute_for_each_function() {
        let text = |edition| -> String { files(edition).into_iter().map(|(_, text)| text).collect() };
        let plain = text(Edition::Plain);
        assert_eq!(plain.matches("pub async fn ").count(), FUNCTIONS + ["read", "write"].len());
        for edition in [Edition::Instrument, Edition::Tta] {
            let annotated = text(edition);
            assert_eq!(annotated.matches(edition.attribute()).count(), FUNCTIONS);
            assert_eq!(annotated.replace(edition.attribute(), ""), plain);
        }
    }

    #[test]
    fn the_line_to_edit_is_there() {
        let (_, module) =
            files(Edition::Plain).into_iter().find(|(name, _)| name == EDITED_FILE).expect("a file");
        let (_, function) = module.split_once(EDITED_FUNCTION).expect("a function");
        assert!(function.contains(EDITED_LINE));
    }
}
