//! What of the disk may be seen, as values.

/// Names that begin with a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dotfiles {
    /// They are neither served nor listed, nor is what is beneath them: 404, as if they were not there. Except
    /// `/.well-known/` at the root (RFC 8615), which exists to be served. A link of another name to one of them is
    /// followed: it was made to be seen.
    #[default]
    Hidden,
    /// They are names like any other. (`..` is none, and is 404 all the same.)
    Served,
}

/// Symbolic links, of files and of directories on the way. The root itself may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Symlinks {
    /// Followed where they stay beneath the root. One that leads out is not there: 404. So is an absolute one, wherever
    /// it leads, and one that leads out and back in.
    #[default]
    Inside,
    /// None is followed: what is reached only by one is not there. Each name on the way is opened by itself, so a path
    /// costs a system call for each of its segments.
    Never,
    /// Followed wherever they lead, out of the root too. Whoever can make a link beneath the root can then publish
    /// every file the server may read. Where there is no Unix, as [`Inside`](Symlinks::Inside).
    Anywhere,
}
