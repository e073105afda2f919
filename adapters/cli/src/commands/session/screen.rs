//! Where a QR code is shown: in the same place of a terminal over and over, or below one another in a pipe.

use console::{Style, Term};

use crate::language::Text;
use crate::output::Output;
use crate::qr::{Ink, Matrix};

/// Black and white of the 256-colour cube: a terminal's own sixteen may be any.
const BLACK: u8 = 16;
const WHITE: u8 = 231;

/// Shows one code after the other.
pub(super) struct Screen<'a> {
    output: &'a Output,
    terminal: Option<Term>,
    ink: Ink,
    /// Lines of the terminal to be taken back before the next code.
    drawn: usize,
}

impl<'a> Screen<'a> {
    /// `invert` is for a light background where there are no colours.
    pub(super) fn new(output: &'a Output, invert: bool) -> Self {
        let terminal = Some(Term::stdout()).filter(|terminal| terminal.features().is_attended());
        let has_colors = terminal.is_some() && console::colors_enabled();
        Self {
            output,
            terminal,
            ink: if has_colors || invert {
                Ink::Dark
            } else {
                Ink::Light
            },
            drawn: 0,
        }
    }

    /// Shows a code in the place of the last one.
    pub(super) fn show(&mut self, matrix: &Matrix) {
        let lines = matrix.lines(self.ink);
        let Some(terminal) = self.terminal.clone() else {
            for line in lines {
                self.output.say(&Text::Plain(line));
            }
            self.output.say(&Text::Empty);
            return;
        };
        self.take_back();
        let style = Style::new().color256(BLACK).on_color256(WHITE);
        let width = lines.first().map_or(0, |line| line.chars().count());
        for line in &lines {
            // Nobody is left to tell when the terminal has gone away.
            let _gone = terminal.write_line(&style.apply_to(line).to_string());
        }
        // One line more, for the cursor.
        let height = lines.len() + 1;
        match terminal.size_checked() {
            Some((rows, columns)) if usize::from(rows) < height || usize::from(columns) < width => {
                // Lines that left the window, or were broken, cannot be taken back.
                self.output.note(&Text::PairWindow {
                    columns: width,
                    lines: height,
                });
            }
            _ => self.drawn = lines.len(),
        }
    }

    /// Takes the code off the terminal: nobody shall scan one that is over.
    pub(super) fn take_back(&mut self) {
        if let Some(terminal) = self.terminal.as_ref().filter(|_| self.drawn > 0) {
            let _gone = terminal.clear_last_lines(self.drawn);
        }
        self.drawn = 0;
    }

    /// A note; the next code is drawn below it.
    pub(super) fn note(&mut self, text: &Text) {
        self.drawn = 0;
        self.output.note(text);
    }
}
