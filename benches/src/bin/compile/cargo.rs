//! A workspace of three crates below the target folder, and cargo in it.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::source::{self, Edition};

/// The unit of `/proc/self/stat`: Linux shows programs 100 ticks in a second, whatever it counts with itself.
const TICK: Duration = Duration::from_millis(10);

/// What one run of cargo took.
#[derive(Clone, Copy)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// User and system time of cargo and of all that it started.
    pub(crate) processor: Duration,
}

pub(crate) struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Writes the crates anew. They depend on the same crates, in the versions that this repository is built with:
    /// only the source differs.
    pub(crate) fn write(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        fs::create_dir_all(folder)?;
        fs::copy(ours.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let members = Edition::ALL.map(|edition| format!("{:?}", edition.package()));
        fs::write(
            folder.join("Cargo.toml"),
            format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", ")),
        )?;
        let workspace = Workspace { folder: folder.to_owned() };
        for edition in Edition::ALL {
            let package = folder.join(edition.package());
            fs::create_dir_all(package.join("src"))?;
            fs::write(
                package.join("Cargo.toml"),
                format!(
                    "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
                     tracing = \"0.1\"\ntta = {{ path = {:?}, features = [\"otlp\", \"prometheus\"] }}\n",
                    edition.package(),
                    ours.join("runtime").canonicalize()?.to_str().ok_or("expected a path in UTF-8")?
                ),
            )?;
            for (name, text) in source::files(edition) {
                fs::write(package.join("src").join(name), text)?;
            }
        }
        Ok(workspace)
    }

    /// Compiles everything once in both ways, so that nothing but the crates themselves is left to compile.
    pub(crate) fn build_all(&self) -> Result<(), Box<dyn Error>> {
        self.cargo(&["check", "--workspace"])?;
        self.cargo(&["build", "--workspace"])
    }

    /// Removes all that was compiled of a crate, and nothing of the crates that it depends on.
    pub(crate) fn clean(&self, edition: Edition) -> Result<(), Box<dyn Error>> {
        self.cargo(&["clean", "--package", edition.package()])
    }

    /// Changes a number in one function of a crate.
    pub(crate) fn edit(&self, edition: Edition, round: u32) -> Result<(), Box<dyn Error>> {
        let path = self.folder.join(edition.package()).join("src").join(source::EDITED_FILE);
        let text = fs::read_to_string(&path)?;
        let function = text.find(source::EDITED_FUNCTION).ok_or("expected the function to edit")?;
        let (before, function) = text.split_at(function);
        let (head, tail) = function.split_once(source::EDITED_LINE).ok_or("expected the line to edit")?;
        let (was, tail) = tail.split_once(';').ok_or("expected a number and a semicolon")?;
        let is = was.parse::<u32>()? + round + 1;
        fs::write(&path, format!("{before}{head}{}{is};{tail}", source::EDITED_LINE))?;
        Ok(())
    }

    pub(crate) fn run(&self, command: &str, edition: Edition) -> Result<Took, Box<dyn Error>> {
        let (processor, begun) = (processor_time()?, Instant::now());
        self.cargo(&[command, "--package", edition.package()])?;
        Ok(Took { wall: begun.elapsed(), processor: processor_time()?.saturating_sub(processor) })
    }

    fn cargo(&self, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
        let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .arg("--quiet")
            .args(arguments)
            .current_dir(&self.folder)
            // As a user's shell has it, whatever started this program.
            .env("CARGO_INCREMENTAL", "1")
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null())
            .status()?;
        if status.success() { Ok(()) } else { Err(format!("cargo {} failed", arguments.join(" ")).into()) }
    }
}

/// User and system time so far of all processes that this one has started and waited for, and of theirs.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("expected a name in parentheses")?;
    // cutime and cstime, the 16th and 17th field; the third is the first here.
    let ticks = fields.split(' ').skip(13).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(TICK * ticks)
}
