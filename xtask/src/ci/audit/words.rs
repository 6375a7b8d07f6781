//! A script of a shell as words and signs, in which it is still to be told what variables stand for.

/// A piece of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A word without its quotes.
    Word(Vec<Part>),
    /// What ends a command: `;`, `&&`, `|`, a parenthesis, the end of a line as `;`.
    Sign(String),
    /// A script inside of a word, `$(…)`.
    Nested(String),
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// What the variable of that name holds.
    Variable(String),
    /// What only the shell knows.
    Unknown,
}

/// The tokens of `script`, each with its line, counted from 0.
#[must_use]
pub fn tokens(script: &str) -> Vec<(u32, Token)> {
    let mut lexer = Lexer { chars: script.chars().collect(), ..Lexer::default() };
    while lexer.step() {}
    lexer.end_word();
    lexer.tokens
}

#[derive(Default)]
struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: u32,
    tokens: Vec<(u32, Token)>,
    word: Option<Vec<Part>>,
    quote: Option<char>,
    /// The next word is where something is read from or written to.
    redirected: bool,
    /// The words that end the documents which begin on the next line.
    documents: Vec<String>,
    /// The next word is such a word.
    names_document: bool,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        self.line += u32::from(c == '\n');
        Some(c)
    }

    fn step(&mut self) -> bool {
        let Some(c) = self.next() else { return false };
        match (self.quote, c) {
            (Some(open), c) if c == open => self.quote = None,
            (Some('\''), c) => self.text(c),
            (None, '\'' | '"') => {
                self.quote = Some(c);
                self.word.get_or_insert_default();
            }
            (_, '\\') => match self.next() {
                Some('\n') | None => {}
                Some(next) => self.text(next),
            },
            (_, '$') => self.dollar(),
            (_, '`') => {
                let inner = self.until('`');
                self.nested(inner);
            }
            (Some(_), c) => self.text(c),
            (None, '#') if self.word.is_none() => {
                while self.peek().is_some_and(|c| c != '\n') && self.next().is_some() {}
            }
            (None, ' ' | '\t') => self.end_word(),
            (None, '\n') => {
                self.line -= 1;
                self.sign(";");
                self.line += 1;
                self.skip_documents();
            }
            (None, '<' | '>') => self.redirect(c),
            (None, ';' | '&' | '|' | '(' | ')') => {
                let double = c != '(' && c != ')' && self.peek() == Some(c);
                if double {
                    self.next();
                }
                self.sign(&if double { format!("{c}{c}") } else { c.to_string() });
            }
            (None, c) => self.text(c),
        }
        true
    }

    fn text(&mut self, c: char) {
        let word = self.word.get_or_insert_default();
        if let Some(Part::Text(text)) = word.last_mut() { text.push(c) } else { word.push(Part::Text(c.to_string())) }
    }

    fn dollar(&mut self) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match self.peek() {
            Some('(') => {
                self.next();
                let inner = self.balanced();
                self.nested(inner);
            }
            Some('{') => {
                self.next();
                let name = self.until('}');
                let part = if name.chars().all(is_name) { Part::Variable(name) } else { Part::Unknown };
                self.word.get_or_insert_default().push(part);
            }
            Some(c) if is_name(c) => {
                let mut name = String::new();
                while let Some(c) = self.peek().filter(|c| is_name(*c)) {
                    name.push(c);
                    self.next();
                }
                self.word.get_or_insert_default().push(Part::Variable(name));
            }
            Some('?' | '@' | '*' | '#' | '!' | '$') => {
                self.next();
                self.word.get_or_insert_default().push(Part::Unknown);
            }
            _ => self.text('$'),
        }
    }

    fn nested(&mut self, script: String) {
        self.tokens.push((self.line, Token::Nested(script)));
        self.word.get_or_insert_default().push(Part::Unknown);
    }

    fn until(&mut self, end: char) -> String {
        let mut inner = String::new();
        while let Some(c) = self.next().filter(|c| *c != end) {
            inner.push(c);
        }
        inner
    }

    fn balanced(&mut self) -> String {
        let (mut inner, mut depth) = (String::new(), 1);
        while let Some(c) = self.next() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            inner.push(c);
        }
        inner
    }

    fn redirect(&mut self, first: char) {
        // `2>`: the number of a stream is no word of the command.
        let number =
            |word: &[Part]| matches!(word, [Part::Text(text)] if text.chars().all(|c| c.is_ascii_digit() || c == '&'));
        if self.word.as_ref().is_some_and(|word| number(word)) {
            self.word = None;
        }
        self.end_word();
        let mut sign = first.to_string();
        while let Some(c) = self.peek().filter(|c| "<>&|-".contains(*c)) {
            sign.push(c);
            self.next();
        }
        self.names_document = sign == "<<" || sign == "<<-";
        self.redirected = true;
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if std::mem::take(&mut self.redirected) {
            if let (true, [Part::Text(name)]) = (std::mem::take(&mut self.names_document), &word[..]) {
                self.documents.push(name.clone());
            }
            return;
        }
        self.tokens.push((self.line, Token::Word(word)));
    }

    fn sign(&mut self, sign: &str) {
        // A redirection ends with its command.
        self.end_word();
        self.redirected = false;
        self.tokens.push((self.line, Token::Sign(sign.to_owned())));
    }

    /// Passes over the documents that begin here.
    fn skip_documents(&mut self) {
        for name in std::mem::take(&mut self.documents) {
            while self.peek().is_some() && self.until('\n').trim() != name {}
        }
    }
}
