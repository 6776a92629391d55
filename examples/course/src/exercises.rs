//! The list of exercises. What is said of one elsewhere follows from what stands here.

/// One exercise.
#[derive(Debug, Clone, Copy)]
pub struct Exercise {
    /// Its number, from 0.
    pub number: usize,
    /// What is built.
    pub title: &'static str,
    /// What all of its checks give together, visible and hidden.
    pub points: u32,
    /// How long it takes, about, in minutes.
    pub minutes: u32,
    /// Where it is written, and read about: this with `.rs` in `exercises`, with `.md` among the chapters.
    pub stem: &'static str,
    /// The feature of this package that it needs, if there is one.
    pub feature: Option<&'static str>,
}

impl Exercise {
    /// The name of the program that has its visible checks: `ex03`.
    pub fn name(&self) -> String {
        format!("ex{:02}", self.number)
    }

    /// The file that students write, in the package's folder.
    pub fn file(&self) -> String {
        format!("exercises/{}.rs", self.stem)
    }

    /// Whether it is part of this build.
    pub fn is_built(&self) -> bool {
        self.feature.is_none_or(|feature| feature == "may" && cfg!(feature = "may"))
    }
}

/// All of them, in order.
pub const ALL: [Exercise; 11] = [
    exercise(0, "First green", 0, 5, "ex00_hello"),
    exercise(1, "Incremental parser", 8, 120, "ex01_parse"),
    exercise(2, "Thread per connection", 8, 120, "ex02_threads"),
    exercise(3, "Fixed pool", 10, 180, "ex03_pool"),
    exercise(4, "Elastic queue, after CMWQ", 15, 360, "ex04_queue"),
    exercise(5, "Timer: a heap", 8, 120, "ex05_heap"),
    exercise(6, "Timer: a wheel", 13, 300, "ex06_wheel"),
    exercise(7, "Directory without traversal", 10, 180, "ex07_directory"),
    Exercise { feature: Some("may"), ..exercise(8, "Green threads", 6, 120, "ex08_green") },
    exercise(9, "Executor and reactor", 14, 420, "ex09_executor"),
    exercise(10, "Comparison report", 8, 180, "ex10_report"),
];

const fn exercise(number: usize, title: &'static str, points: u32, minutes: u32, stem: &'static str) -> Exercise {
    Exercise { number, title, points, minutes, stem, feature: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_100_points() {
        assert_eq!(ALL.iter().map(|exercise| exercise.points).sum::<u32>(), 100);
        assert!(ALL.iter().enumerate().all(|(index, exercise)| exercise.number == index));
    }
}
