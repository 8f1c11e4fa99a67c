//! Making text: what `format!` does, where it is done fifty times per statement.

use crate::schema::Field;

/// The texts one after another.
pub(super) fn text(parts: &[&str]) -> String {
    parts.concat()
}

/// Appends a whole number.
pub(super) fn push_number(text: &mut String, number: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        if let (Some(slot), Ok(digit)) = (digits.get_mut(at), u8::try_from(rest % 10)) {
            *slot = b'0' + digit;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        text.push('-');
    }
    text.extend(digits.iter().skip(at).map(|digit| char::from(*digit)));
}

/// A letter and a number, such as an alias or a column.
pub(super) fn lettered(letter: char, number: i64) -> String {
    let mut text = String::with_capacity(12);
    text.push(letter);
    push_number(&mut text, number);
    text
}

/// The column of a field, as [`Field::column`].
pub(super) fn column(field: &Field) -> String {
    lettered('f', field.id.0)
}

/// A text as an SQL literal.
pub(super) fn quote(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    push_quoted(&mut literal, text);
    literal
}

/// Appends a text as an SQL literal.
pub(super) fn push_quoted(sql: &mut String, text: &str) {
    sql.push('\'');
    if text.contains('\'') {
        sql.push_str(&text.replace('\'', "''"));
    } else {
        sql.push_str(text);
    }
    sql.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_literals_come_out_whole() {
        for number in [0, 7, 10, 4_711, i64::MAX, i64::MIN] {
            assert_eq!(lettered('f', number), format!("f{number}"));
        }
        assert_eq!(quote("it's"), "'it''s'");
    }
}
