"""Tables as Excel files: title, who took it and when, head, rows; text stays text."""

import io
from collections.abc import Iterable, Sequence

import xlsxwriter

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_WIDE = 40


def workbook(
    title: str, filters: str, watermark: str, head: Sequence[str], rows: Iterable[Sequence[str | int | float]]
) -> bytes:
    """One sheet. Blocks: call it in a thread.

    What looks like a formula or a link is written as it is read: a patient's name must not become code
    in the program of whoever opens the file.
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(buffer, options)
    sheet = book.add_worksheet(title[:31])
    large = book.add_format({"bold": True, "font_size": 14})
    soft = book.add_format({"font_color": "#4d5a54"})
    bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#e8edea"})
    sheet.write_string(0, 0, title, large)
    sheet.write_string(1, 0, filters, soft)
    sheet.write_string(2, 0, watermark, soft)
    widths = [_width(name) for name in head]
    for column, name in enumerate(head):
        sheet.write_string(3, column, name, bold)
    for at, row in enumerate(rows, 4):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(at, column, value)
            else:
                sheet.write_number(at, column, value)
            widths[column] = max(widths[column], _width(str(value)))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(width, MOST_WIDE) + 2)
    sheet.freeze_panes(4, 0)
    sheet.set_footer(f"&L{watermark}&R&P / &N")
    sheet.repeat_rows(3)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    book.close()
    return buffer.getvalue()


def _width(text: str) -> int:
    """A Chinese character is two wide."""
    return sum(2 if ord(one) > 0x2E7F else 1 for one in text)
