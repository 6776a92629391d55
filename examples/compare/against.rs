//! Two runs side by side: what has changed, how far they may be compared at all, and reading the one of before.

use crate::measure::Measure;
use crate::model::{Case, FORMAT, Run};
use crate::scenario::Scenario;
use crate::standing::{Spread, Standing, standings};
use crate::verdict::backends;
use crate::words;
use std::fs;
use std::path::Path;

/// The headline measure of one case in both runs.
pub(crate) struct Change {
    pub(crate) scenario: Scenario,
    pub(crate) backend: String,
    pub(crate) variant: String,
    pub(crate) x: f64,
    pub(crate) measure: Measure,
    pub(crate) before: Spread,
    pub(crate) now: Spread,
    /// Whether it is a difference beyond doubt; both have to be fit to be ranked for that.
    pub(crate) clear: bool,
}

/// Of every case that both have, in the order of the scenarios, the axis and the backends of now.
pub(crate) fn changes(before: &Run, now: &Run) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for part in &now.parts {
        let Some(earlier) = before.part(part.scenario) else { continue };
        for case in &part.cases {
            let is_same = |old: &&Case| old.backend == case.backend && old.variant == case.variant && old.x == case.x;
            let old = earlier.cases.iter().find(is_same);
            changes.extend(old.and_then(|old| change(before, now, part.scenario, old, case)));
        }
    }
    let order = backends(now);
    let place = |name: &str| order.iter().position(|other| other == name);
    changes.sort_by(|one, other| {
        let by_variant = one.scenario.cmp(&other.scenario).then_with(|| one.variant.cmp(&other.variant));
        by_variant.then(one.x.total_cmp(&other.x)).then_with(|| place(&one.backend).cmp(&place(&other.backend)))
    });
    changes
}

fn change(before: &Run, now: &Run, scenario: Scenario, old: &Case, new: &Case) -> Option<Change> {
    let measure = scenario.about().headline;
    let [earlier, later] = [old, new].map(|case| Spread::measured(case, measure));
    let (earlier, later) = (earlier?, later?);
    let is_fit = |run, case| matches!(standings(run, &[case], measure).first(), Some(Standing::Rank { .. }));
    let clear = is_fit(before, old) && is_fit(now, new) && earlier.differs_clearly(&later);
    let (backend, variant) = (new.backend.clone(), new.variant.clone());
    Some(Change { scenario, backend, variant, x: new.x, measure, before: earlier, now: later, clear })
}

/// In what the two runs differ beside the server; nothing, if a difference can only be its own.
pub(crate) fn cautions(before: &Run, now: &Run) -> Vec<String> {
    let (old, new) = (&before.environment, &now.environment);
    let texts = [
        ("the processor", old.cpu.clone(), new.cpu.clone()),
        ("the number of cores", old.cores.to_string(), new.cores.to_string()),
        ("the cores of the server", words::cores(&old.server_cores), words::cores(&new.server_cores)),
        ("the cores of the load generator", words::cores(&old.generator_cores), words::cores(&new.generator_cores)),
        ("the kernel", old.kernel.clone(), new.kernel.clone()),
        ("the compiler", old.rustc.clone(), new.rustc.clone()),
        ("the build", build(old.optimized), build(new.optimized)),
        ("the limit of open files", old.open_files.to_string(), new.open_files.to_string()),
        ("the limit of connections waiting", old.somaxconn.to_string(), new.somaxconn.to_string()),
        ("the length of the run", length(before.quick), length(now.quick)),
    ];
    let differs = |(what, old, new): (&str, String, String)| {
        let [old, new] = [old, new].map(|text| if text.is_empty() { "unknown".to_string() } else { text });
        (old != new).then(|| format!("{} differs: {old} before, {new} now.", words::capital(what)))
    };
    let mut cautions: Vec<String> = texts.into_iter().filter_map(differs).collect();
    let (earlier, later) = (backends(before), backends(now));
    cautions.extend(only("before", &earlier, &later));
    cautions.extend(only("now", &later, &earlier));
    cautions
}

fn build(optimized: bool) -> String {
    if optimized { "optimized".into() } else { "not optimized".into() }
}

fn length(quick: bool) -> String {
    if quick { "quick".into() } else { "full".into() }
}

fn only(when: &str, here: &[String], there: &[String]) -> Option<String> {
    let only: Vec<&String> = here.iter().filter(|name| !there.contains(name)).collect();
    (!only.is_empty()).then(|| format!("Measured only {when}: {}.", words::list(&only)))
}

/// A `report.json`.
pub(crate) fn read(path: &Path) -> Result<Run, String> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("{shown}: no such file; it takes the report.json of an earlier run"),
        std::io::ErrorKind::IsADirectory => format!("{shown} is a directory; name the report.json in it"),
        std::io::ErrorKind::InvalidData => format!("{shown} is not a report: it is not text"),
        _ => format!("{shown} cannot be read: {error}"),
    })?;
    parse(&text).map_err(|what| format!("{shown} {what}"))
}

/// The format is looked at by itself first, for in another one anything else may be different.
fn parse(text: &str) -> Result<Run, String> {
    let not_a_report = "it takes the report.json that a run writes";
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("is not a report: {error}; {not_a_report}"))?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format == u64::from(FORMAT) => {
            serde_json::from_value(value).map_err(|error| format!("is damaged: {error}; run the comparison again"))
        }
        Some(format) => Err(format!(
            "has format {format}, and this program reads format {FORMAT}; run the comparison again, or read it with \
             the version that wrote it"
        )),
        None => Err(format!("is not a report: it names no format; {not_a_report}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_run::{case, run};

    #[test]
    fn only_what_both_have_is_compared_and_only_what_is_clear_is_called_so() {
        let of = |backend: &str, values: &[f64]| case(backend, 64.0, Measure::Cpu, values);
        let before = vec![of("a", &[8.0, 8.1, 8.2]), of("b", &[6.0, 6.1, 6.2]), of("c", &[9.0; 3]), of("gone", &[1.0])];
        let mut failing = of("c", &[2.0; 3]);
        failing.samples[1].errors.insert("reset".into(), 1);
        let now = vec![of("a", &[6.0, 6.1, 6.2]), of("b", &[6.1, 6.6, 7.0]), failing, of("new", &[1.0; 3])];
        let (before, now) = (run(Scenario::KeepAlive, before), run(Scenario::KeepAlive, now));
        let changes = changes(&before, &now);
        let clear: Vec<(&str, bool)> = changes.iter().map(|change| (change.backend.as_str(), change.clear)).collect();
        assert_eq!(clear, [("a", true), ("b", false), ("c", false)]);
        assert_eq!(cautions(&before, &now), ["Measured only before: gone.", "Measured only now: new."]);
    }

    #[test]
    fn another_machine_is_told() {
        let (before, mut now) = (run(Scenario::KeepAlive, vec![]), run(Scenario::KeepAlive, vec![]));
        assert!(cautions(&before, &now).is_empty());
        now.environment.cores = 8;
        now.environment.kernel = "6.18".into();
        now.quick = false;
        let cautions = cautions(&before, &now);
        assert_eq!(
            cautions,
            [
                "The number of cores differs: 0 before, 8 now.",
                "The kernel differs: unknown before, 6.18 now.",
                "The length of the run differs: quick before, full now.",
            ]
        );
    }

    #[test]
    fn what_is_no_report_is_refused_with_what_to_do() {
        let run = run(Scenario::KeepAlive, vec![case("a", 64.0, Measure::Cpu, &[8.0])]);
        let text = serde_json::to_string(&run).unwrap();
        assert_eq!(parse(&text).map(|run| run.parts.len()), Ok(1));
        let newer = text.replacen("\"format\":1", "\"format\":7", 1);
        let error = parse(&newer).unwrap_err();
        assert!(error.starts_with("has format 7, and this program reads format 1; run"), "{error}");
        assert!(parse("<html>").unwrap_err().starts_with("is not a report: expected value"));
        assert!(parse("{}").unwrap_err().starts_with("is not a report: it names no format"));
        assert!(parse("{\"format\":1}").unwrap_err().starts_with("is damaged: missing field"));
        let error = read(Path::new("/nowhere/report.json")).unwrap_err();
        assert_eq!(error, "/nowhere/report.json: no such file; it takes the report.json of an earlier run");
    }
}
