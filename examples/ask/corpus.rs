//! Markdown documents, and the passages they are cut into.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use walkdir::{DirEntry, WalkDir};

use crate::error::AskError;

/// Upper bound of a passage in bytes, about 400 tokens of English: a handful of them is a short prompt.
const PASSAGE_BYTES: usize = 1600;

pub(crate) struct Document {
    /// Path as the reader knows it, relative to the corpus.
    pub(crate) file: String,
    pub(crate) text: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Passage {
    /// The file and the headings above the passage, outermost first.
    pub(crate) source: String,
    pub(crate) text: String,
}

/// Reads every `*.md` file below `dir`, or this project's own documents.
pub(crate) fn read(dir: Option<&Path>) -> Result<Vec<Document>, AskError> {
    // Where this package was built from, so that the current directory does not matter.
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let (root, starts) = match dir {
        Some(dir) => (dir, vec![dir.to_path_buf()]),
        None => (project, own_documents(project)),
    };
    let mut documents = Vec::new();
    for start in starts {
        for entry in WalkDir::new(&start).sort_by_file_name().into_iter().filter_entry(is_source) {
            let entry = entry.map_err(|error| AskError::Unreadable {
                path: error.path().unwrap_or(&start).to_path_buf(),
                cause: error.into_io_error().unwrap_or_else(|| io::Error::other("a loop of links")),
            })?;
            let path = entry.path();
            if entry.file_type().is_file() && path.extension().is_some_and(|end| end == "md") {
                let bytes = fs::read(path)
                    .map_err(|cause| AskError::Unreadable { path: path.to_path_buf(), cause })?;
                documents.push(Document {
                    file: path.strip_prefix(root).unwrap_or(path).display().to_string(),
                    text: String::from_utf8_lossy(&bytes).into_owned(),
                });
            }
        }
    }
    if documents.is_empty() {
        return Err(AskError::NoDocuments(root.to_path_buf()));
    }
    Ok(documents)
}

fn own_documents(project: &Path) -> Vec<PathBuf> {
    ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs"]
        .map(|name| project.join(name))
        .into_iter()
        .filter(|path| path.exists())
        .collect()
}

/// Hidden and built folders hold other people's documents, if any.
fn is_source(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() == 0 || !(name.starts_with('.') || name == "target" || name == "node_modules")
}

/// Cuts a document at its headings, and what is longer than a passage at a paragraph, else a line, else a word.
pub(crate) fn passages(document: &Document) -> Vec<Passage> {
    let mut headings: Vec<(usize, &str)> = Vec::new();
    let (mut text, mut passages) = (String::new(), Vec::new());
    let (mut titled, mut in_code, mut is_output) = (false, false, false);
    let mut end_passage = |text: &mut String, headings: &[(usize, &str)]| {
        let above = headings.iter().map(|(_, heading)| *heading);
        let source = std::iter::once(&*document.file).chain(above).collect::<Vec<_>>().join(" › ");
        passages.extend((!text.trim().is_empty()).then(|| Passage { source, text: text.trim().to_owned() }));
        text.clear();
    };
    for mut line in document.text.lines() {
        let was_in_code = in_code;
        if let Some(language) = line.trim_start().strip_prefix("```") {
            in_code = !in_code;
            // Output of programs, such as this one's, which would find its own answers.
            let was_output = std::mem::replace(&mut is_output, in_code && language == "text");
            if was_output {
                continue;
            }
        }
        if is_output {
            continue;
        }
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if level > 0 && !in_code && line[level..].starts_with(' ') {
            end_passage(&mut text, &headings);
            headings.retain(|(above, _)| *above < level);
            // The title of the whole document says no more than its file name.
            if level > 1 || titled {
                headings.push((level, line[level..].trim()));
            }
            titled = true;
            continue;
        }
        let is_break = line.is_empty() && !in_code && text.len() > PASSAGE_BYTES / 2;
        if is_break || text.len() + line.len() > PASSAGE_BYTES {
            // Both parts of a code block are code blocks.
            let mark = if was_in_code { "```\n" } else { "" };
            text.push_str(mark);
            end_passage(&mut text, &headings);
            text.push_str(mark);
        }
        while line.len() > PASSAGE_BYTES {
            let head = &line[..line.floor_char_boundary(PASSAGE_BYTES)];
            let (piece, rest) = line.split_at(head.rfind(' ').map_or(head.len(), |space| space + 1));
            text.push_str(piece);
            end_passage(&mut text, &headings);
            line = rest;
        }
        text.extend([line, "\n"]);
    }
    end_passage(&mut text, &headings);
    passages
}
