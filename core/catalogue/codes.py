"""The short code of a post, which somebody writes in a text to book with it; pure."""

import re
import unicodedata

from stdnum.iso7064 import mod_11_10

# A post's id has at most twelve digits wherever it is written down; one more checks them.
_CODE = re.compile(r"[1-9][0-9]{1,12}")


def sms_code(post_id: int) -> str:
    """The post's id in decimal and one check digit by ISO 7064 MOD 11-10, as serial numbers have it.

    Any one wrong digit and nearly every swap is caught before the database is asked. post_id: 1 to
    999,999,999,999.
    """
    if not 1 <= post_id < 10**12:
        raise ValueError("no such post")
    return f"{post_id}{mod_11_10.calc_check_digit(str(post_id))}"


def post_of_code(text: str) -> int | None:
    """The post that a code means; None for what is no code, or has a slip in it.

    Full-width digits are digits, and blanks around it do not matter.
    """
    code = unicodedata.normalize("NFKC", text).strip()
    if not _CODE.fullmatch(code) or not mod_11_10.is_valid(code):
        return None
    return int(code[:-1])
