//! Currencies, and amounts in their smallest unit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The codes of ISO 4217 that people pay with.
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF \
CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS \
INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR \
MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS \
SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";
/// Currencies without a smaller unit, and those with a thousandth.
const WHOLE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
const THOUSANDTHS: &str = "BHD IQD JOD KWD LYD OMR TND";

/// A currency, by its code of three letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is not the code of a currency.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not the code of a currency")]
pub struct UnknownCurrency(String);

/// Why a text is no amount of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAmount {
    #[error("must be a decimal number")]
    NotDecimal,
    #[error("has more decimals than the currency")]
    TooFine,
    #[error("is too large")]
    TooLarge,
}

impl Currency {
    pub const USD: Self = Self(*b"USD");

    /// Digits behind the point: 2 for most.
    pub fn decimals(self) -> u32 {
        let among = |codes: &str| codes.split(' ').any(|code| code.as_bytes() == self.0);
        if among(WHOLE) {
            0
        } else if among(THOUSANDTHS) {
            3
        } else {
            2
        }
    }

    /// An amount in the smallest unit, from a plain decimal number. More decimals than the currency has are refused.
    pub fn amount(self, text: &str) -> Result<i64, NoAmount> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) || (part.is_empty() && text.contains('.')) {
            return Err(NoAmount::NotDecimal);
        }
        let (part, places) = (part.trim_end_matches('0'), self.decimals() as usize);
        if part.len() > places {
            return Err(NoAmount::TooFine);
        }
        format!("{whole}{part:0<places$}").parse().map_err(|_| NoAmount::TooLarge)
    }

    /// An amount of the smallest unit as a decimal number, with all of its decimals.
    pub fn decimal(self, amount: i64) -> String {
        let places = self.decimals() as usize;
        let (sign, digits) = (if amount < 0 { "-" } else { "" }, format!("{:0>1$}", amount.unsigned_abs(), places + 1));
        match digits.split_at(digits.len() - places) {
            (whole, "") => format!("{sign}{whole}"),
            (whole, part) => format!("{sign}{whole}.{part}"),
        }
    }

    /// The same as a JSON number holds it.
    pub fn number(self, amount: i64) -> f64 {
        // The nearest number to a decimal is what its digits read as.
        self.decimal(amount).parse().unwrap_or_default()
    }
}

impl std::str::FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let code = text.to_ascii_uppercase();
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(bytes) if CODES.split_ascii_whitespace().any(|known| known == code) => Ok(Self(bytes)),
            _ => Err(UnknownCurrency(text.to_owned())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| fmt::Write::write_char(f, char::from(*letter)))
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(text: String) -> Result<Self, UnknownCurrency> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::{Currency, NoAmount};

    fn currency(code: &str) -> Currency {
        code.parse().expect("a currency")
    }

    #[test]
    fn amounts_are_read_and_written_exactly() {
        for (code, text, amount, shown) in [
            ("usd", "5000", 500_000, "5000.00"),
            ("EUR", "0.05", 5, "0.05"),
            ("EUR", "12.5", 1_250, "12.50"),
            ("JPY", "300000", 300_000, "300000"),
            ("JPY", "12.0", 12, "12"),
            ("KWD", "1.234", 1_234, "1.234"),
            ("USD", "12.3400", 1_234, "12.34"),
        ] {
            let currency = currency(code);
            assert_eq!(currency.amount(text), Ok(amount), "{code} {text}");
            assert_eq!(currency.decimal(amount), shown);
            assert_eq!(currency.number(amount).to_string().parse::<f64>(), shown.parse::<f64>());
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (code, text, why) in [
            ("USD", "1.005", NoAmount::TooFine),
            ("JPY", "0.5", NoAmount::TooFine),
            ("USD", "-1", NoAmount::NotDecimal),
            ("USD", "1e3", NoAmount::NotDecimal),
            ("USD", "1.", NoAmount::NotDecimal),
            ("USD", "", NoAmount::NotDecimal),
            ("USD", "99999999999999999999", NoAmount::TooLarge),
        ] {
            assert_eq!(currency(code).amount(text), Err(why), "{text}");
        }
        for bad in ["", "US", "XTS", "dollars", "€"] {
            assert!(bad.parse::<Currency>().is_err(), "{bad}");
        }
    }
}
