//! QR codes for a terminal: two modules to a character, with the light border that scanners look for.
//!
//! What a code says is left to whoever makes it; nothing here writes anywhere.

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around a code (ISO/IEC 18004: four).
const QUIET_ZONE: usize = 4;

/// Which modules are drawn as ink. The others are the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Ink is dark: on paper, or where the colours are ours.
    Dark,
    /// Ink is light: on a dark terminal.
    Light,
}

/// The modules of a code, dark or light.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matrix {
    /// Modules to a side.
    side: usize,
    /// Row by row.
    dark: Vec<bool>,
}

impl Matrix {
    /// The code that says `text`; `None` when that is too long for any.
    pub(crate) fn of(text: &str) -> Option<Self> {
        // The fewest modules: a screen has no dirt to correct for, and a small window has few lines.
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let dark = code
            .to_colors()
            .into_iter()
            .map(|color| color == Color::Dark)
            .collect();
        Some(Self {
            side: code.width(),
            dark,
        })
    }

    /// Whether a module is dark; everything around the code is light.
    fn is_dark(&self, row: usize, column: usize) -> bool {
        let inside = |place: usize| place.checked_sub(QUIET_ZONE).filter(|at| *at < self.side);
        match (inside(row), inside(column)) {
            (Some(row), Some(column)) => self
                .dark
                .get(row * self.side + column)
                .copied()
                .unwrap_or(false),
            _ => false,
        }
    }

    /// The code with its border in half blocks, all lines as long as each other.
    pub(crate) fn lines(&self, ink: Ink) -> Vec<String> {
        let side = self.side + 2 * QUIET_ZONE;
        let is_ink = |row, column| self.is_dark(row, column) == (ink == Ink::Dark);
        (0..side)
            .step_by(2)
            .map(|row| {
                (0..side)
                    .map(
                        |column| match (is_ink(row, column), is_ink(row + 1, column)) {
                            (true, true) => '█',
                            (true, false) => '▀',
                            (false, true) => '▄',
                            (false, false) => ' ',
                        },
                    )
                    .collect()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn matrix(rows: &[&str]) -> Matrix {
        Matrix {
            side: rows.len(),
            dark: rows.concat().chars().map(|module| module == '#').collect(),
        }
    }

    /// Reads drawn lines back: the modules within the border, and whether the border is all light.
    fn read(lines: &[String], ink: Ink) -> (Matrix, bool) {
        let mut rows: Vec<Vec<bool>> = Vec::new();
        for line in lines {
            let halves = line.chars().map(|drawn| match drawn {
                '█' => (true, true),
                '▀' => (true, false),
                '▄' => (false, true),
                ' ' => (false, false),
                other => panic!("{other:?}"),
            });
            let (upper, lower): (Vec<bool>, Vec<bool>) = halves.unzip();
            rows.extend([upper, lower]);
        }
        let dark = |row: usize, column: usize| rows[row][column] == (ink == Ink::Dark);
        let (height, width) = (rows.len(), rows[0].len());
        let side = width - 2 * QUIET_ZONE;
        let within = QUIET_ZONE..QUIET_ZONE + side;
        let mut modules = Vec::new();
        let mut is_border_light = true;
        for row in 0..height {
            for column in 0..width {
                if within.contains(&row) && within.contains(&column) {
                    modules.push(dark(row, column));
                } else {
                    is_border_light &= !dark(row, column);
                }
            }
        }
        let matrix = Matrix {
            side,
            dark: modules,
        };
        (matrix, is_border_light)
    }

    #[test]
    fn two_modules_make_a_character() {
        let cases: [(&[&str], Ink, &str); 6] = [
            (&["##", "##"], Ink::Dark, "██"),
            (&["#.", ".#"], Ink::Dark, "▀▄"),
            (&["..", ".."], Ink::Dark, "  "),
            (&["##", "##"], Ink::Light, "  "),
            (&["#.", ".#"], Ink::Light, "▄▀"),
            (&["..", ".."], Ink::Light, "██"),
        ];
        for (rows, ink, drawn) in cases {
            let lines = matrix(rows).lines(ink);
            let middle: String = lines[QUIET_ZONE / 2]
                .chars()
                .skip(QUIET_ZONE)
                .take(2)
                .collect();
            assert_eq!(middle, drawn, "{rows:?} {ink:?}");
            assert_eq!(lines.len(), (2 + 2 * QUIET_ZONE) / 2);
        }
    }

    #[test]
    fn what_is_drawn_reads_back_as_the_same_modules_in_a_light_border() {
        let pairing = format!("2@{}", "AbC+/0==,".repeat(25));
        for text in ["a", "2@abc,def", &pairing] {
            let matrix = Matrix::of(text).unwrap();
            for ink in [Ink::Dark, Ink::Light] {
                let (read, is_border_light) = read(&matrix.lines(ink), ink);
                assert_eq!(read, matrix, "{text} {ink:?}");
                assert!(is_border_light, "{text} {ink:?}");
            }
        }
    }

    #[test]
    fn a_text_that_no_code_can_hold_is_not_drawn() {
        assert_eq!(Matrix::of(&"x".repeat(3_000)), None);
    }
}
