//! How long a label of a domain is in DNS, where letters beyond ASCII are written in others (RFC 3492).

const BASE: u32 = 36;
const LEAST: u32 = 1;
const MOST: u32 = 26;

/// The length of `label` in its ASCII form.
pub(super) fn length(label: &str) -> usize {
    if label.is_ascii() {
        return label.len();
    }
    let basic = label.chars().filter(char::is_ascii).count();
    let mut length = "xn--".len() + basic + usize::from(basic > 0);
    let (mut next, mut delta, mut bias, mut done) = (128_u32, 0_u32, 72_u32, basic as u32);
    while let Some(least) = label.chars().map(u32::from).filter(|code| *code >= next).min() {
        delta = delta.saturating_add((least - next).saturating_mul(done + 1));
        next = least;
        for code in label.chars().map(u32::from) {
            if code < next {
                delta = delta.saturating_add(1);
            }
            if code == next {
                length += digits(delta, bias);
                bias = adapt(delta, done + 1, done == basic as u32);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.saturating_add(1);
        next += 1;
    }
    length
}

/// The digits that a number takes.
fn digits(mut number: u32, bias: u32) -> usize {
    let mut count = 1;
    for at in (BASE..).step_by(BASE as usize) {
        let threshold = at.saturating_sub(bias).clamp(LEAST, MOST);
        if number < threshold {
            break;
        }
        number = (number - threshold) / (BASE - threshold);
        count += 1;
    }
    count
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut bias = 0;
    while delta > ((BASE - LEAST) * MOST) / 2 {
        delta /= BASE - LEAST;
        bias += BASE;
    }
    bias + (BASE - LEAST + 1) * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn labels_are_as_long_as_they_are_in_dns() {
        for (label, ascii) in [
            ("example", "example"),
            ("bücher", "xn--bcher-kva"),
            ("例え", "xn--r8jz45g"),
            ("пример", "xn--e1afmkfd"),
            ("bäckerei", "xn--bckerei-5wa"),
        ] {
            assert_eq!(length(label), ascii.len(), "{label}");
        }
    }
}
