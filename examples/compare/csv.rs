//! Every sample as a line for each of its measures, for spreadsheets and statistics (RFC 4180).
//!
//! Beside the measures there are `answered`, and a row for each class of errors. A case without samples has no rows.

use crate::measure::{Measure, Unit};
use crate::model::{Case, Run, Sample};
use crate::scenario::Scenario;
use serde::Serialize;

const HEAD: &str = "scenario,variant,x,backend,round,measure,unit,value\r\n";

/// The whole run.
pub(crate) fn csv(run: &Run) -> String {
    let mut lines = String::from(HEAD);
    for part in &run.parts {
        for case in &part.cases {
            for sample in &case.samples {
                rows(part.scenario, case, sample, &mut lines);
            }
        }
    }
    lines
}

fn rows(scenario: Scenario, case: &Case, sample: &Sample, lines: &mut String) {
    let mut row = |measure: &str, unit: &str, value: String| {
        let (scenario, x, round) = (scenario.id(), case.x.to_string(), sample.round.to_string());
        let fields = [&scenario, &case.variant, &x, &case.backend, &round, measure, unit, &value];
        lines.push_str(&fields.map(quoted).join(","));
        lines.push_str("\r\n");
    };
    for (measure, value) in sample.measures.iter().filter(|(_, value)| value.is_finite()) {
        row(&name(*measure), unit(measure.unit()), value.to_string());
    }
    row("answered", "count", sample.answered.to_string());
    for (class, count) in &sample.errors {
        row(&format!("error:{class}"), "count", count.to_string());
    }
}

/// As in `report.json`.
fn name(measure: Measure) -> String {
    let value = measure.serialize(serde_json::value::Serializer);
    value.ok().and_then(|value| value.as_str().map(str::to_string)).unwrap_or_default()
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::PerSecond => "1/s",
        Unit::Micros => "us",
        Unit::Millis => "ms",
        Unit::Nanos => "ns",
        Unit::Bytes => "bytes",
        Unit::BytesPerSecond => "bytes/s",
        Unit::Percent => "%",
        Unit::Count => "count",
    }
}

fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_run::{case, run};

    #[test]
    fn a_line_for_each_measure_and_each_class_of_errors() {
        let mut odd = case("pool:max=4,\"x\"", 64.0, Measure::MemoryEach, &[0.25, f64::NAN]);
        odd.samples[0].errors.insert("reset".into(), 3);
        let text = csv(&run(Scenario::KeepAlive, vec![odd]));
        let name = "\"pool:max=4,\"\"x\"\"\"";
        let lines = [
            "scenario,variant,x,backend,round,measure,unit,value".to_string(),
            format!("S2,,64,{name},0,memory_each,bytes,0.25"),
            format!("S2,,64,{name},0,answered,count,1000"),
            format!("S2,,64,{name},0,error:reset,count,3"),
            format!("S2,,64,{name},1,answered,count,1000"),
        ];
        assert_eq!(text, lines.map(|line| line + "\r\n").concat());
    }
}
