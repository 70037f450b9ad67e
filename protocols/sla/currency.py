"""Minor units of currencies (ISO 4217)."""

from typing import Final

_DIGITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_BY_CODE: Final = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}


def minor_digits_of(code: str) -> int:
    """Decimal digits of the minor unit of a currency: 2 for EUR, 0 for JPY. 2 for a code that is not in the table."""
    return _BY_CODE.get(code, 2)
