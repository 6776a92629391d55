//! The report: one HTML file that needs nothing else. No script, nothing from anywhere, charts as SVG inside the
//! page; so it can be mailed, printed, and opened in ten years.
//!
//! It says the most important thing first: what this is and what to be careful about, which backend for which load,
//! the answers, the verdicts, how to read them, and then load by load what was seen. What is *said* is not made here:
//! it comes from `preface`, `guide`, `findings`, `verdict`, `glossary` and `against`. Here is only how it looks.
//!
//! | file | |
//! |---|---|
//! | `opening` | the title, where and when, what to be careful about |
//! | `guide` | which backend for which load |
//! | `answers` | the answers |
//! | `verdict_table` | the backends by the loads |
//! | `reading` | how to read the rest; the environment |
//! | `section`, `table` | a load: charts, sentences, all numbers |
//! | `side_by_side` | a run of before |
//! | `charts/` | the kinds of charts, and which load has which |
//! | `svg`, `scale`, `key`, `markup` | what all of them are drawn and written with |

mod answers;
mod charts;
#[cfg(test)]
mod checker;
mod guide;
mod key;
mod markup;
mod opening;
mod reading;
mod scale;
mod section;
mod side_by_side;
mod svg;
mod table;
mod verdict_table;

use crate::model::Run;
use crate::preface::measured;
use markup::Text;

/// The page of a run; with one of before, both side by side.
pub(crate) fn html(run: &Run, before: Option<&Run>) -> String {
    let parts = [
        opening::html(run),
        guide::html(run),
        answers::html(run),
        verdict_table::html(run),
        reading::html(run),
        measured(run).into_iter().map(|part| section::html(run, part)).collect(),
        before.map(|before| side_by_side::html(before, run)).unwrap_or_default(),
        footer(run),
    ];
    head() + &parts.concat() + "</main>\n</body>\n</html>\n"
}

fn head() -> String {
    // What the page must not need is forbidden to it as well.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>Concurrency backends compared</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
        include_str!("style.css")
    )
}

fn footer(run: &Run) -> String {
    format!(
        "<footer>\n<p>Beside this file lie <a href=\"report.json\">report.json</a>, which has every sample and from \
         which this page can be made again, <a href=\"report.csv\">report.csv</a> for a spreadsheet, and \
         <a href=\"report.md\">report.md</a>.</p>\n<p>The command that was given: <code>{}</code></p>\n</footer>\n",
        Text(&run.command)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;
    use crate::sample_run::{case, run};
    use crate::sample_whole::{flawed, whole};
    use crate::scenario::Scenario;

    /// The section of a scenario.
    fn section_of(page: &str, scenario: Scenario) -> &str {
        let start = page.find(&format!("<section id=\"{scenario}\"")).unwrap_or_else(|| panic!("no {scenario}"));
        let end = page[start..].find("</section>").expect("it ends");
        &page[start..start + end]
    }

    #[test]
    fn every_scenario_that_was_measured_has_a_section_with_charts() {
        let page = html(&whole(), None);
        checker::check(&page);
        let page = page.replace('\u{a0}', " ");
        for scenario in Scenario::ALL {
            let section = section_of(&page, scenario);
            assert!(section.contains("<svg"), "{scenario} has no chart");
            assert!(section.contains(scenario.about().question.split(',').next().unwrap()), "{scenario}");
            assert!(section.contains(&format!("--rounds 5 --scenarios {scenario} --backends threads,")), "{scenario}");
        }
    }

    #[test]
    fn what_people_come_for_stands_before_the_details() {
        let page = html(&flawed(), None);
        let parts =
            ["class=\"warnings\"", "class=\"cut\"", "id=\"guide\"", "id=\"answers\"", "id=\"verdicts\"", "id=\"S1\""];
        let places = parts.map(|part| page.find(part).unwrap_or_else(|| panic!("no {part}")));
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn charts_show_what_their_scenario_is_about() {
        let page = html(&whole(), None);
        let count = |scenario, text: &str| section_of(&page, scenario).matches(text).count();
        assert_eq!(count(Scenario::OpenLoop, "class=\"dotted\""), 18, "three rates, six backends");
        assert_eq!(count(Scenario::Blocking, "Longest latency over time"), 4, "two variants, title and label");
        assert_eq!(count(Scenario::Files, "<figure>"), 6, "three files, CPU and rate");
        assert!(count(Scenario::Idle, "<td><strong>1.28 %</strong></td>") > 0, "pool let go of connections");
        assert_eq!(count(Scenario::Stop, "No request was lost"), 1);
        assert_eq!(count(Scenario::Timers, "A timer moved: the structure by itself"), 2, "title and label");
    }

    #[test]
    fn what_was_not_ranked_or_not_measured_says_why() {
        let page = html(&flawed(), None).replace('\u{a0}', " ");
        let keep_alive = section_of(&page, Scenario::KeepAlive);
        assert!(keep_alive.contains("Hollow, not ranked: smol: its answers differ: /listing/ has 3 bytes more"));
        assert!(keep_alive.contains("pool:64 at 1,024"), "where it had errors");
        assert!(keep_alive.contains("the load generator (96 % busy), not the server, set the pace"));
        assert!(keep_alive.contains("5,120 timeout"), "errors by class are in the table");
        let idle = section_of(&page, Scenario::Idle);
        assert!(idle.contains("5,000 threads are more than this system lets one process have"));
        let opening = &page[..page.find("<section").unwrap()];
        assert!(opening.contains("share cores") && opening.contains("S4 was cut"), "{opening}");
    }

    #[test]
    fn a_verdict_says_where_its_figures_are_from() {
        let mut run = whole();
        for part in &mut run.parts {
            part.cases
                .retain(|case| case.variant != "1 KiB" && (part.scenario != Scenario::KeepAlive || case.x < 64.0));
        }
        let page = html(&run, None);
        assert!(page.contains("<small>1 MiB</small>") && page.contains("<small>at 16 connections</small>"));
        assert!(page.contains("<span class=\"place\">shares rank 4 with workqueue and pool:64</span>"));
        assert!(!page[..page.find("id=\"S1\"").unwrap()].contains(">no clear difference<"), "once is enough");
    }

    #[test]
    fn nothing_from_outside_is_markup() {
        let hostile = "<b>&\"'</script><!--";
        let mut run = whole();
        let mut before = whole();
        for run in [&mut run, &mut before] {
            run.command = hostile.into();
            run.started = hostile.into();
            run.notes.push(hostile.into());
            run.environment.cpu = hostile.into();
            run.environment.kernel = hostile.into();
            run.environment.revision = hostile.into();
            run.environment.features.push(hostile.into());
            run.subjects[0].name = hostile.into();
            run.subjects[0].about = hostile.into();
            run.subjects[1].differs = Some(hostile.into());
            for case in run.parts.iter_mut().flat_map(|part| &mut part.cases) {
                case.variant += hostile;
                case.failure = Some(hostile.into());
                if case.backend == "threads" {
                    case.backend = hostile.into();
                }
                for sample in &mut case.samples {
                    sample.errors.insert(hostile.into(), 1);
                }
            }
        }
        before.environment.kernel = "another".into();
        let page = html(&run, Some(&before));
        checker::check(&page);
        assert!(page.contains("&lt;b&gt;&amp;&quot;&#39;") && !page.contains("<b>&"));
    }

    #[test]
    fn a_page_needs_no_data() {
        let mut bare = run(Scenario::SeedReplay, Vec::new());
        checker::check(&html(&bare, Some(&bare)));
        bare.parts.clear();
        let page = html(&bare, None);
        checker::check(&page);
        assert!(!page.contains("<svg"));
    }

    #[test]
    fn one_case_is_enough_for_every_scenario() {
        for scenario in Scenario::ALL {
            for value in [5.0, 0.0, f64::NAN, f64::INFINITY] {
                let mut only = case("threads", 64.0, scenario.about().headline, &[value]);
                only.samples[0].measures.insert(Measure::Rate, value);
                only.samples[0].curve = vec![(0.5, value), (1.0, value)];
                only.samples[0].series = vec![(0.0, value)];
                let run = run(scenario, vec![only]);
                let page = html(&run, Some(&run));
                checker::check(&page);
                assert!(!page.contains("NaN\"") && !page.contains("inf\""), "{scenario}, {value}");
                assert!(section_of(&page, scenario).contains("<svg") || value != 5.0, "{scenario} has no chart");
            }
        }
    }
}
