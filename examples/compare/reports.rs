//! Writes the reports: `report.html` to be read, `report.md` to be pasted, `report.csv` and `report.json` to go on
//! with.

use crate::model::Run;
use crate::{csv, markdown, report};
use std::fs;
use std::path::Path;

/// Makes the folder, before an hour is spent on what then cannot be written.
pub(crate) fn prepare(folder: &Path) -> Result<(), String> {
    let cannot =
        |error| format!("cannot write reports to {}: {error}; choose another folder with --out", folder.display());
    fs::create_dir_all(folder).map_err(cannot)?;
    let trial = folder.join("report.json.part");
    fs::write(&trial, "").and_then(|()| fs::remove_file(&trial)).map_err(cannot)
}

/// A report that is there already may have taken an hour.
pub(crate) fn spare(folder: &Path) -> Result<(), String> {
    let there = folder.join("report.json");
    if there.exists() {
        return Err(format!("{} is a report already; choose another folder with --out, or move it", there.display()));
    }
    Ok(())
}

/// Writes all four.
pub(crate) fn write(run: &Run, before: Option<&Run>, folder: &Path) -> Result<(), String> {
    let json = serde_json::to_string_pretty(run).map_err(|error| error.to_string())?;
    let files = [
        ("report.json", json),
        ("report.csv", csv::csv(run)),
        ("report.md", markdown::markdown(run, before)),
        ("report.html", report::html(run, before)),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// Where to look.
pub(crate) fn place(folder: &Path) -> String {
    format!("the report is {}", folder.join("report.html").display())
}
