"""hotline prompts export: the script for a voice actor, as a spreadsheet."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter

from hotline.prompts.stock import Piece, pieces
from ivr.call import Track
from ivr.prompts import reckoned
from ivr.speech import Voice
from ivr.words import Clip

HEAD: Mapping[str, int] = {
    "文件名": 30, "朗读内容": 44, "拼音": 44, "约几秒": 8, "整句最长几秒": 8, "所在流程": 18,
    "什么时候播放": 34, "整句（花括号里由别的录音填入）": 44, "现在的声音": 12,
}  # fmt: skip
STATES = {"recorded": "已录音", "rendered": "合成", "fallback": "合成（备用）", "missing": "没有"}
NOTES = (
    "每一行录成一个文件，文件名照第一列（含文件夹），格式 WAV，单声道，16 位，采样率 44100 或 48000。",
    "语气平稳亲切，语速每分钟约 180 至 240 字；慢速另录一套，每分钟 120 至 150 字，放在文件夹 slow 里。",
    "片段（数字、月日、时刻、金额）要用报号的平调来读，句尾不要上扬也不要拖长，前后各留约 0.2 秒空白。",
    "读音以“拼音”一列为准：数字后面的 1 2 3 4 是四声，5 是轻声；“1”在号码里读 yāo。",
    "录完以后运行 hotline prompts import 文件夹；不合格的（无声、削波、太短、文件名不对）会逐个说明原因。",
)


def export(voice: Voice, path: Path, names: Sequence[Clip], track: Track) -> int:
    """Write every piece with its text, reading, length and place in the call. Raises OSError."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    styles = {
        "head": book.add_format({"bold": True, "bg_color": "#DCE9E4", "text_wrap": True, "valign": "top"}),
        "cell": book.add_format({"text_wrap": True, "valign": "top"}),
        "read": book.add_format({"text_wrap": True, "valign": "top", "font_size": 14}),
    }
    found = pieces()
    sheets = {
        "整句": [piece for piece in found if piece.sentence],
        "片段": [piece for piece in found if not piece.sentence],
        "名称": [Piece(clip, "医院、科室、医生、职称") for clip in names],
    }
    notes = book.add_worksheet("怎么录")
    notes.set_column(0, 0, 100)
    for row, note in enumerate(NOTES):
        notes.write_string(row, 0, note, styles["cell"])
    for title, rows in sheets.items():
        if not rows:
            continue
        sheet = book.add_worksheet(title)
        for column, (name, width) in enumerate(HEAD.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, styles["head"])
        for row, piece in enumerate(rows, 1):
            for column, value in enumerate(_row(voice, piece, track)):
                sheet.write(row, column, value, styles["read" if column == 1 else "cell"])
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, len(rows), len(HEAD) - 1)
    book.close()
    print(f"{path}: {sum(map(len, sheets.values()))} pieces")
    return 0


def _row(voice: Voice, piece: Piece, track: Track) -> tuple[str | float, ...]:
    sentence, clip = piece.sentence, piece.clip
    return (
        f"{voice.recordings.place(clip.key, track)}.wav",
        clip.text,
        clip.reading,
        round(reckoned([clip]), 1),
        sentence.most_s if sentence else "",
        piece.dialogue,
        sentence.spoken if sentence else "",
        sentence.text if sentence else "",
        STATES[voice.state(clip, track)],
    )
