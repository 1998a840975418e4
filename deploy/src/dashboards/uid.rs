//! Under which name Grafana keeps a dashboard.

/// The job that nobody has to name.
const DEFAULT_JOB: &str = "tta";

/// Of the 40 letters that Grafana allows, what `tta-dependencies-` leaves.
const LONGEST: usize = 23;

/// The uid of the dashboard `tta-slo`, .. of a job: its name, and unless it is the default the job. What a dashboard
/// shows is of one catalog and one job, so two programs in one Grafana need two of each.
pub(crate) fn uid(dashboard: &str, job: &str) -> String {
    if job == DEFAULT_JOB { dashboard.to_owned() } else { format!("{dashboard}-{}", slug(job)) }
}

/// Whether the uid is that of this dashboard, of whichever job.
pub(crate) fn is_of(uid: &str, dashboard: &str) -> bool {
    uid.strip_prefix(dashboard).is_some_and(|job| job.is_empty() || job.starts_with('-'))
}

/// The job in letters that are allowed in addresses and names of Kubernetes; what had to be changed has a hash at its
/// end, so that two jobs are never one.
fn slug(job: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let can_be_kept = job.len() <= LONGEST
        && job.chars().all(|letter| is_plain(letter) || letter == '-')
        && !job.starts_with('-')
        && !job.ends_with('-');
    if can_be_kept {
        return job.to_owned();
    }
    let letters = job.chars().map(|letter| letter.to_ascii_lowercase());
    let allowed: String = letters.map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    let hash = format!("{:08x}", hash(job));
    let beginning = allowed[..allowed.len().min(LONGEST - 1 - hash.len())].trim_matches('-');
    if beginning.is_empty() { hash } else { format!("{beginning}-{hash}") }
}

/// FNV-1a, which is the same on every machine and in every version.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
