//! Manifests of a starter, made of those of the repository: whole sections are left out, and lines are replaced.

/// A manifest's sections, each with its heading.
fn sections(text: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    for line in text.lines() {
        if line.starts_with('[') {
            sections.push(String::new());
        }
        let last = sections.last_mut().expect("there is one from the beginning");
        last.push_str(line);
        last.push('\n');
    }
    sections
}

/// The lines that stand under a heading.
fn section<'a>(text: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().skip_while(move |line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with('['))
}

fn value<'a>(text: &'a str, heading: &str, key: &str) -> Result<&'a str, String> {
    let mut lines = section(text, heading).filter_map(|line| line.split_once(" = "));
    let value = lines.find(|(name, _)| *name == key).map(|(_, value)| value);
    value.ok_or(format!("the manifest has no {key} in {heading}"))
}

/// That of the framework: without its tests, and without what only they and the examples need.
pub(crate) fn framework(text: &str) -> String {
    let is_kept = |section: &&String| {
        let heading = section.lines().next().unwrap_or_default();
        let is_theirs = ["[[test]]", "[[bench]]"].contains(&heading) || heading.starts_with("[profile");
        !is_theirs && !heading.ends_with("dev-dependencies]")
    };
    let text: String = sections(text).iter().filter(is_kept).map(String::as_str).collect();
    text.replace(", \"examples/course\"", "")
}

/// That of the package `course`: a workspace of its own, on the framework in `vendor`. What the program `serve` needs
/// comes from the framework's manifest.
pub(crate) fn course(text: &str, framework: &str, with_hidden: bool) -> Result<String, String> {
    let is_kept = |section: &&String| with_hidden || !section.contains("path = \"hidden/");
    let mut manifest: String = sections(text).iter().filter(is_kept).map(String::as_str).collect();
    for key in ["version", "edition", "rust-version", "license"] {
        let value = value(framework, "[workspace.package]", key)?;
        manifest = manifest.replace(&format!("\n{key}.workspace = true"), &format!("\n{key} = {value}"));
    }
    manifest = manifest.replace("path = \"../..\"", "path = \"vendor/switchboard\"");
    let mut serve = String::from("[dev-dependencies]\n# The program `serve`.\n");
    for key in ["base64", "clap", "ctrlc", "if-addrs", "jiff", "subtle"] {
        serve += &format!("{key} = {}\n", value(framework, "[dev-dependencies]", key)?);
    }
    let lints = format!("{serve}\n[lints.rust]\nunsafe_code = \"forbid\"\n");
    manifest = manifest.replace("[lints]\nworkspace = true\n", &lints);
    Ok(format!("[workspace]\nresolver = \"3\"\nexclude = [\"vendor\"]\n\n{manifest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMEWORK: &str = "[workspace]
members = [\"core\", \"examples/course\"]

[workspace.package]
version = \"0.1.0\"
edition = \"2024\"
rust-version = \"1.88\"
license = \"MIT\"

[dev-dependencies]
base64 = \"1\"
clap = \"2\"
ctrlc = \"3\"
if-addrs = \"4\"
jiff = \"5\"
subtle = \"6\"

[target.'cfg(unix)'.dependencies]
rustix = \"7\"

[target.'cfg(unix)'.dev-dependencies]
nix = \"8\"

[[test]]
name = \"conformance\"

[lints]
workspace = true
";

    #[test]
    fn the_framework_loses_its_tests() {
        let manifest = framework(FRAMEWORK);
        assert!(manifest.contains("members = [\"core\"]") && manifest.contains("[lints]"), "{manifest}");
        assert!(manifest.contains("rustix") && !manifest.contains("nix ="), "{manifest}");
        assert!(!manifest.contains("conformance") && !manifest.contains("base64"), "{manifest}");
    }

    #[test]
    fn a_starter_stands_alone_and_has_no_hidden_checks() {
        let text = "[package]\nversion.workspace = true\nrust-version.workspace = true\n[dependencies]\n\
                    switchboard = { path = \"../..\" }\n\
                    [[test]]\nname = \"ex01\"\n[[test]]\nname = \"hidden_ex01\"\npath = \"hidden/ex01.rs\"\n\
                    [lints]\nworkspace = true\n";
        let starter = course(text, FRAMEWORK, false).unwrap();
        assert!(starter.starts_with("[workspace]\n") && starter.contains("\nversion = \"0.1.0\""), "{starter}");
        assert!(starter.contains("\nrust-version = \"1.88\""), "{starter}");
        assert!(starter.contains("path = \"vendor/switchboard\"") && starter.contains("subtle = \"6\""), "{starter}");
        assert!(starter.contains("ex01") && !starter.contains("hidden"), "{starter}");
        assert!(!starter.contains("workspace = true"), "{starter}");
        assert!(course(text, FRAMEWORK, true).unwrap().contains("hidden"));
        assert!(course(text, "", true).is_err());
    }
}
