//! Names that carry a hash of their content, as bundlers write them.
//!
//! [`Names::Hashed`](crate::Names::Hashed) tells the rule. It would rather miss a hash than see one in a word, a date
//! or a serial number, because an answer that is cached by mistake stays wrong for a year. A hash is told from other
//! names by how often letters and digits, or small letters and capitals, take turns: at random in a hash, and between
//! words elsewhere. Of eight hexadecimal digits seven in ten are recognised so, and of twenty nearly all; of Rollup's
//! eight characters every second hash, of esbuild's every third.

/// What pages load besides documents.
pub(crate) const LOADED: [&str; 29] = [
    "js", "mjs", "css", "wasm", // programs and styles
    "woff2", "woff", "ttf", "otf", "eot", // fonts
    "svg", "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", // images
    "mp3", "ogg", "oga", "opus", "m4a", "aac", "flac", "wav", // sounds
    "mp4", "webm", "ogv", "mov", // films
];

/// What tools write behind the hash: Webpack, minifiers, wasm-bindgen.
const BEHIND: [&str; 3] = [".chunk", ".min", "_bg"];

/// How many digits a hash has in hexadecimal: cut short, or whole as MD5, SHA-1 and SHA-256.
const HEXADECIMAL: [usize; 8] = [8, 10, 12, 16, 20, 32, 40, 64];

/// How often the kinds of characters take turns in a hash, at least.
const TURNS: usize = 3;

/// Whether the name of a file carries a hash.
pub(crate) fn is_hashed(name: &str) -> bool {
    let name = name.strip_suffix(".map").unwrap_or(name); // a map belongs to what it is of
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    let stem = BEHIND.iter().find_map(|tail| stem.strip_suffix(tail)).unwrap_or(stem);
    LOADED.contains(&extension) && !is_uuid(stem) && (ends_in_hexadecimal(stem) || ends_in_eight(stem))
}

fn ends_in_hexadecimal(stem: &str) -> bool {
    let Some((name, hash)) = stem.rsplit_once(['.', '-']) else { return false };
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    !name.is_empty() && HEXADECIMAL.contains(&hash.len()) && hash.bytes().all(is_digit) && turns(hash) >= TURNS
}

/// Rollup's eight characters may hold a `-` themselves.
fn ends_in_eight(stem: &str) -> bool {
    let Some((name, hash)) = stem.len().checked_sub(8).and_then(|at| stem.split_at_checked(at)) else { return false };
    let is_behind_a_name = name.len() > 1 && name.ends_with(['.', '-']);
    is_behind_a_name
        && (is_base32(hash) || is_base64(hash))
        && hash.split(['-', '_']).any(|piece| turns(piece) >= TURNS)
}

fn is_base32(hash: &str) -> bool {
    hash.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
}

/// With an upper-case letter, a lower-case letter and a digit.
fn is_base64(hash: &str) -> bool {
    let has = |is_it: fn(&u8) -> bool| hash.bytes().any(|byte| is_it(&byte));
    hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

/// How often the kinds of characters take turns; a capital before a small letter begins a word, and is none.
fn turns(text: &str) -> usize {
    let kind = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let is_word = |pair: &[u8]| pair[0].is_ascii_uppercase() && pair[1].is_ascii_lowercase();
    text.as_bytes().windows(2).filter(|pair| kind(pair[0]) != kind(pair[1]) && !is_word(pair)).count()
}

/// Whether it ends like `550e8400-e29b-41d4-a716-446655440000`, which names a thing whatever its content is.
fn is_uuid(stem: &str) -> bool {
    stem.rsplit('-').take(4).map(str::len).eq([12, 4, 4, 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_hash() {
        let names = [
            "main.8e0b5a3c.js",
            "main-8e0b5a3c.mjs",
            "main.12ab34cd.js",
            "2.8e0b5a3c.chunk.css",
            "main.8e0b5a3c.chunk.js.map",
            "app.8e0b5a3c.min.js",
            "app-8e0b5a3c1f2d4b6a_bg.wasm",
            "chunk.a1b2c3d4e5.js",
            "chunk.a1b2c3d4e5f6.css",
            "page-4d3c2b1a0f9e8d7c.js",
            "logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg",
            "a.5f3a1b2c4d6e7f809a1b.woff2",
            "application-b1946ac92492d2347c6235b4d2611184aabbccdd.css",
            "application-5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03.js",
            "index-BfE3kd9a.css",
            "index.BfE3kd9a.js",
            "index-D-x3kd9a.js",
            "index-_k9d3Bfa.js.map",
            "lazy-component-BfE3kd9a.js",
            "app-X3QZ4ZPB.js",
            "Inter-AB23CD45.woff2",
            "index-AbC3d4ef.js",
            "größe-BfE3kd9a.js",
        ];
        for name in names {
            assert!(is_hashed(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_it() {
        let names = [
            // words
            "holiday-vacation.jpg",
            "facade-decade.js",
            "three-Vector3D.js",
            "lib-Utf8Text.js",
            "data-DropDown.js",
            "app-Version2.js",
            "jquery.DataGrid.js",
            "hits-decade80.mp3",
            "lib-defaced1.js",
            "plan-Day1-No2.png",
            "play-toBeOrNo.mp3",
            "clip-h264x265.mp4",
            // dates, versions and numbers
            "photo-20240101.jpg",
            "photo-1dec2024.jpg",
            "photo-5feb2023.jpg",
            "IMG-20240101-WA0001.jpg",
            "IMG-20240101.jpg",
            "DSC-P1020345.jpg",
            "img-face0001.png",
            "GOPR-0012345678.mp4",
            "v1.2.3.js",
            "jquery-3.7.1.min.js",
            "lib.1.2.3-beta.4.js",
            "badge-SCAN0001.png",
            "logo-MP3FILES.svg",
            "disc-12345678.wav",
            // identifiers, which name a thing and not its content
            "550e8400-e29b-41d4-a716-4466554400a0.jpg",
            "avatar-550e8400-e29b-41d4-a716-4a6b5c4d0e0f.png",
            "user-507f1f77bcf86cd799439011.jpg",
            "clip-dQw4w9WgXcQ.mp4",
            // of another length, case or alphabet
            "main.8e0b5a3.js",
            "main.8e0b5a3c9.js",
            "main.8E0B5a3c.gif.js",
            "app-X3QZ9ZPB.js",
            "lib-a1z2b3c4.js",
            "index-BfE3kd9aX.css",
            "index-BfE3k+9a.css",
            "index-bfé3kd9A.css",
            // without a name, or what is behind it
            "8e0b5a3c.js",
            "-8e0b5a3c.js",
            "BfE3kd9a.js",
            ".BfE3kd9a.js",
            "mainBfE3kd9a.js",
            "index_BfE3kd9a.js",
            "main.8e0b5a3c.foo.js",
            "main.8e0b5a3c",
            "main-8e0b5a3c",
            "main.8e0b5a3c.map",
            "",
            ".map",
        ];
        for name in names {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn only_what_pages_load() {
        for extension in ["html", "pdf", "txt", "json", "xml", "zip", "gz", "webmanifest", "JS", "JPG"] {
            assert!(!is_hashed(&format!("main.8e0b5a3c.{extension}")), "{extension}");
        }
        for extension in LOADED {
            assert!(is_hashed(&format!("main.8e0b5a3c.{extension}")), "{extension}");
        }
    }
}
