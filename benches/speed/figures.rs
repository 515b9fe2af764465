//! Statistics of measurements, and tables of them.

use std::{fs, thread, time::Duration};

/// Repeated measurements, in seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured(Vec<f64>);

impl Measured {
    pub(crate) fn push(&mut self, elapsed: Duration) {
        self.0.push(elapsed.as_secs_f64());
    }

    /// The quantile of a share (0..=1).
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        let index = (last as f64 * part).round() as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Adds other measurements.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// "0.41 / 0.52 / 0.71 ms": the median and the quantiles of 90 % and 99 %.
    pub(crate) fn quantiles_ms(&self) -> String {
        let [median, p90, p99] = [0.5, 0.9, 0.99].map(|part| self.quantile(part) * 1e3);
        format!("{median:.2} / {p90:.2} / {p99:.2} ms")
    }

    /// "0.41 ms, worst 0.71 ms": the median and the maximum.
    pub(crate) fn worst_ms(&self) -> String {
        let [median, worst] = [0.5, 1.0].map(|part| self.quantile(part) * 1e3);
        format!("{median:.2} ms, worst {worst:.2} ms")
    }

    /// "0.131 s (0.128-0.140)": the median, the minimum and the maximum.
    pub(crate) fn spread_secs(&self) -> String {
        let [least, median, most] = [0.0, 0.5, 1.0].map(|part| self.quantile(part));
        format!("{median:.3} s ({least:.3}-{most:.3})")
    }
}

impl FromIterator<f64> for Measured {
    fn from_iter<I: IntoIterator<Item = f64>>(secs: I) -> Self {
        Self(secs.into_iter().collect())
    }
}

/// Prints a heading and the first lines of a table.
pub(crate) fn table(title: &str, columns: &[&str]) {
    println!("\n### {title}\n");
    row(columns);
    row(&vec!["---"; columns.len()]);
}

/// Prints a line of a table.
pub(crate) fn row<S: AsRef<str>>(cells: &[S]) {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    println!("| {} |", cells.join(" | "));
}

/// The processor, its threads, and the load.
pub(crate) fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let says = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = says("model name").unwrap_or_else(|| "an unknown processor".to_owned());
    let flags = says("flags").unwrap_or_default();
    let best = ["avx512f", "avx2", "avx", "sse4_2"]
        .into_iter()
        .find(|name| flags.split(' ').any(|flag| flag == *name));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    format!(
        "Measured on {model}, {threads} threads, {}; load at the start {load}.",
        best.unwrap_or("unknown vector instructions")
    )
}
