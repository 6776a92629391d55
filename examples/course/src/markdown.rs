//! Reads a table of a Markdown text, for checks: by the names of its rows and columns, whatever their order.

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The first table of a text that has this column.
    pub fn with(text: &str, column: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let mut tables = lines.split(|line| !line.starts_with('|')).filter_map(Self::parse);
        tables.find(|table| table.column(column).is_some())
    }

    /// From lines that stand one beneath the other: names, a rule, and rows.
    fn parse(lines: &[&str]) -> Option<Self> {
        let [names, rule, rows @ ..] = lines else { return None };
        let is_rule = rule.chars().all(|character| "|-: ".contains(character));
        let columns = cells(names).iter().map(|name| name.to_lowercase()).collect();
        is_rule.then(|| Self { columns, rows: rows.iter().map(|row| cells(row)).collect() })
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The cells of the row whose first is `row`.
    pub fn row(&self, row: &str) -> Option<&[String]> {
        self.rows.iter().find(|cells| cells.first().is_some_and(|first| first == row)).map(Vec::as_slice)
    }

    /// The cell of a row, which is named by its first one, and of a column.
    pub fn cell(&self, row: &str, column: &str) -> Option<&str> {
        self.row(row)?.get(self.column(column)?).map(String::as_str)
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.columns.len()
    }
}

/// The cells of a line, without emphasis. A `\|` is no border.
fn cells(line: &str) -> Vec<String> {
    let escaped = line.replace("\\|", "\0");
    let inside = escaped.strip_prefix('|').unwrap_or(&escaped);
    let inside = inside.strip_suffix('|').unwrap_or(inside);
    inside.split('|').map(|cell| cell.replace('\0', "|").replace(['*', '`'], "").trim().to_string()).collect()
}

/// The numbers that stand in a text, without their signs.
pub fn numbers(text: &str) -> Vec<f64> {
    text.split(|character: char| !character.is_ascii_digit() && character != '.')
        .filter_map(|number| number.trim_end_matches('.').parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_row_and_column() {
        let text = "# Fruit\n| a | b |\n\n| fruit | Count |\n|:--|--:|\n| **pear** | 3 |\n| a \\| b | `4` | 5 |\n";
        let table = Table::with(text, "count").unwrap();
        assert_eq!((table.cell("pear", "count"), table.cell("a | b", "count")), (Some("3"), Some("4")));
        assert_eq!((table.width(), table.row("a | b").map(<[String]>::len)), (2, Some(3)));
        assert_eq!((table.cell("plum", "count"), table.cell("pear", "price")), (None, None));
        assert_eq!(Table::with(text, "price"), None);
    }

    #[test]
    fn numbers_are_found_between_words() {
        assert_eq!(numbers("90.5 to 110 (of 3)."), [90.5, 110.0, 3.0]);
        assert_eq!(numbers("90-110.25"), [90.0, 110.25]);
        assert_eq!(numbers("-, none."), [0.0; 0]);
    }
}
