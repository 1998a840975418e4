//! Token streams, changed at random.

use arbitrary::{Result, Unstructured};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::corpus;

/// A token, or an end of a group: so a change may take one end away and leave the other.
#[derive(Clone)]
enum Piece {
    Open(Delimiter),
    Close,
    Token(TokenTree),
    /// Two tokens that no source text has apart.
    Lifetime([TokenTree; 2]),
}

thread_local! {
    static WORDS: Vec<Piece> = read(corpus::WORDS);
}

const DELIMITERS: [Delimiter; 4] =
    [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None];

/// One of `texts`, or nothing at all, after a number of changes; that may be none.
pub(crate) fn edited(texts: &[&str], u: &mut Unstructured<'_>) -> Result<TokenStream> {
    let mut pieces = Vec::new();
    let mut changes = *u.choose(&[0, 0, 1, 1, 2, 3, 5, 8])?;
    if u.ratio(1, 8)? {
        changes *= 4;
    } else {
        pieces = read(u.choose(texts)?);
    }
    for _ in 0..changes {
        change(&mut pieces, u)?;
    }
    Ok(nested(&mut pieces.into_iter()))
}

fn change(pieces: &mut Vec<Piece>, u: &mut Unstructured<'_>) -> Result<()> {
    let from = u.int_in_range(0..=pieces.len())?;
    let to = u.int_in_range(from..=pieces.len().min(from + 6))?;
    let replaced = match u.int_in_range(0..=9)? {
        0 => Vec::new(),
        1 => [&pieces[from..to], &pieces[from..to]].concat(),
        2 => {
            let mut group = vec![Piece::Open(*u.choose(&DELIMITERS)?)];
            group.extend_from_slice(&pieces[from..to]);
            group.push(Piece::Close);
            group
        }
        3 => {
            // Cut short, as what is being typed.
            pieces.truncate(from);
            return Ok(());
        }
        4 => {
            pieces[from..to].reverse();
            return Ok(());
        }
        5 => {
            let texts =
                [corpus::ARGUMENTS, corpus::FUNCTIONS, corpus::OTHERS, corpus::LABELS, corpus::ERROR_KINDS];
            let texts = u.choose(&texts)?;
            some(&read(u.choose(texts)?), u)?
        }
        6 | 7 => WORDS.with(|words| some(words, u))?,
        _ => {
            if let Some(piece) = pieces.get_mut(from) {
                *piece = WORDS.with(|words| alike(piece, words, u))?;
            }
            return Ok(());
        }
    };
    let end = if u.arbitrary()? { to } else { from };
    pieces.splice(from..end, replaced);
    Ok(())
}

/// A few neighbours.
fn some(pieces: &[Piece], u: &mut Unstructured<'_>) -> Result<Vec<Piece>> {
    let from = u.int_in_range(0..=pieces.len())?;
    let to = u.int_in_range(from..=pieces.len().min(from + 4))?;
    Ok(pieces[from..to].to_vec())
}

/// One of `words` in the place of `piece`: a name for a name, a literal for a literal.
fn alike(piece: &Piece, words: &[Piece], u: &mut Unstructured<'_>) -> Result<Piece> {
    let sort = |piece: &Piece| match piece {
        Piece::Open(_) => 0,
        Piece::Close => 1,
        Piece::Lifetime(_) => 2,
        Piece::Token(TokenTree::Ident(_)) => 3,
        Piece::Token(TokenTree::Literal(_)) => 4,
        Piece::Token(_) => 5,
    };
    let alike: Vec<&Piece> = words.iter().filter(|word| sort(word) == sort(piece)).collect();
    Ok((*u.choose(&alike)?).clone())
}

fn read(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    flatten(corpus::tokens(text), &mut pieces);
    pieces
}

fn flatten(stream: TokenStream, pieces: &mut Vec<Piece>) {
    let mut tokens = stream.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                pieces.push(Piece::Open(group.delimiter()));
                flatten(group.stream(), pieces);
                pieces.push(Piece::Close);
            }
            TokenTree::Punct(quote) if quote.as_char() == '\'' => {
                pieces.extend(tokens.next().map(|name| Piece::Lifetime([quote.into(), name])));
            }
            token => pieces.push(Piece::Token(token)),
        }
    }
}

/// Up to the end of the group; one that has none ends with everything, and an end without a group is skipped.
fn nested(pieces: &mut impl Iterator<Item = Piece>) -> TokenStream {
    let mut open: Vec<(Delimiter, TokenStream)> = Vec::new();
    let mut stream = TokenStream::new();
    let close = |open: &mut Vec<(Delimiter, TokenStream)>, stream: &mut TokenStream| {
        if let Some((delimiter, outer)) = open.pop() {
            let inner = std::mem::replace(stream, outer);
            // Invisible and empty: the compiler makes none.
            if delimiter != Delimiter::None || !inner.is_empty() {
                stream.extend([TokenTree::Group(Group::new(delimiter, inner))]);
            }
        }
    };
    for piece in pieces {
        match piece {
            Piece::Open(delimiter) => open.push((delimiter, std::mem::take(&mut stream))),
            Piece::Close => close(&mut open, &mut stream),
            Piece::Token(token) => stream.extend([token]),
            Piece::Lifetime(tokens) => stream.extend(tokens),
        }
    }
    while !open.is_empty() {
        close(&mut open, &mut stream);
    }
    stream
}
