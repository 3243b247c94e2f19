"""Numbers in Chinese, as a quantity and figure by figure; pure."""

import re

NUMERALS = "零一二三四五六七八九"
MOST = 10**8 - 1


def spoken_number(number: int, *, rank: bool = False) -> str:
    """A whole number from 0 to 99,999,999 in Chinese: 105 is 一百零五, 12 is 十二, 20000 is 两万.

    At its beginning 2 is 两 before 百 千 万, else 二: 两百, 两千二百, 十二, 二十. rank: a place, not
    how many (第二百): 二 everywhere.
    """
    if not 0 <= number <= MOST:
        raise ValueError("said up to 99,999,999 only")
    said = _below_10000(number % 10_000) if number % 10_000 or not number else ""
    if number >= 10_000:
        low = number % 10_000
        gap = "零" if 0 < low < 1000 else ""
        tens = "一" if 10 <= low < 20 else ""  # 一万零一十二, but 十二 alone
        said = _below_10000(number // 10_000) + "万" + gap + tens + said
    return said if rank else re.sub("^二(?=[百千万])", "两", said)


def counted(number: int) -> str:
    """How many there are of something: 两 for 2, else as a number."""
    return "两" if number == 2 else spoken_number(number)


def _below_10000(number: int) -> str:
    if number == 0:
        return "零"
    if 10 <= number < 20:
        return "十" + (NUMERALS[number % 10] if number % 10 else "")
    said, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        figure = number // unit % 10
        if figure:
            said += ("零" if zero and said else "") + NUMERALS[figure] + name
            zero = False
        else:
            zero = True
    return said


def spoken_digit(character: str) -> str:
    """A digit of a number that is read figure by figure: 1 is 幺, the X of an identity number 叉."""
    if character in "Xx":
        return "叉"
    return "幺" if character == "1" else NUMERALS[int(character)]


def spoken_money(fen: int) -> list[str]:
    """二十五元, 五角; 一百元, 零, 八分: one word for each unit, as each is one recording."""
    yuan, rest = divmod(fen, 100)
    jiao, left = divmod(rest, 10)
    said = [counted(yuan) + "元"] if yuan or not rest else []
    if jiao:
        said.append(counted(jiao) + "角")
    elif yuan and left:
        said.append("零")
    if left:
        said.append(counted(left) + "分")
    return said


def spoken_clock(hour: int, minute: int) -> list[str]:
    """九点, 半; 两点, 零五分: as each is one recording. hour: as it is to be said, 12 or 24."""
    said = [counted(hour) + "点"]
    if minute == 30:
        said.append("半")
    elif minute:
        said.append(("零" if minute < 10 else "") + spoken_number(minute) + "分")
    return said
