"""The invented province in tables: places, hospitals, departments, rules, names of doctors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

PROVINCE = ("990000", "云岭省")
# No city of China is called so; the codes begin with 99, which no region has.
CITIES = (
    "岚州市", "青石市", "澄湖市", "栖云市", "雁鸣市", "白鹭市", "枫桥市",
    "鹤鸣市", "银滩市", "梧岭市", "沧浦市", "霞湾市", "碧湾市", "星野市",
)  # fmt: skip
COUNTIES = ("东", "西", "南", "安", "宁")

SURNAMES: Mapping[str, int] = {
    "王": 72, "李": 71, "张": 67, "刘": 53, "陈": 45, "杨": 31, "黄": 22, "赵": 21, "吴": 20, "周": 20,
    "徐": 17, "孙": 15, "马": 13, "朱": 13, "胡": 13, "郭": 12, "何": 12, "林": 12, "高": 10, "罗": 10,
    "郑": 9, "梁": 8, "谢": 8, "宋": 7, "唐": 7, "许": 6, "邓": 6, "韩": 6, "冯": 6, "曹": 6,
    "彭": 6, "肖": 5, "田": 5, "董": 5, "潘": 5, "袁": 5, "蔡": 5, "蒋": 5, "余": 4, "于": 4,
    "杜": 4, "叶": 4, "程": 4, "魏": 4, "苏": 4, "吕": 4, "丁": 4, "任": 4, "卢": 4, "姚": 4,
    # Read otherwise as a surname: the voice must get them right.
    "曾": 6, "单": 3, "仇": 3, "解": 3, "查": 2, "区": 2, "翟": 2, "华": 2, "尉迟": 1,
}  # fmt: skip
GIVEN: Mapping[str, str] = {
    "male": "伟强磊军勇杰涛明超辉刚平斌鹏华飞建国志文海波浩宇俊峰振庆东立新成永林松",
    "female": "芳娜敏静丽娟艳霞秀英兰玲婷雪琳梅红慧洁琴燕萍莉蓉欣怡佳颖月淑云晓春桂",
}

# Title: how many of a hundred doctors, number kind, lowest and highest fee in fen.
TITLES: Mapping[str, tuple[int, str, int, int]] = {
    "主任医师": (17, "expert", 2500, 6000),
    "副主任医师": (28, "expert", 1500, 3000),
    "主治医师": (35, "ordinary", 1000, 1500),
    "住院医师": (20, "ordinary", 500, 1000),
}
# Slots of one half-day that a hospital gives to the platform: about a third of what it has.
CAPACITY: Mapping[str, tuple[int, int]] = {
    "department": (16, 24),
    "ordinary": (8, 12),
    "expert": (6, 9),
    "disease": (5, 8),
    "special": (3, 5),
}

# Standard code of 诊疗科目, name, what its doctors are good at; the most asked for first.
Subject = tuple[str, str, str]
GENERAL: tuple[Subject, ...] = (
    ("03.04", "心血管内科", "高血压、冠心病、心力衰竭"),
    ("07", "儿科", "儿童呼吸道感染、发热、咳嗽"),
    ("05.01", "妇科", "妇科炎症、子宫肌瘤、月经不调"),
    ("03.01", "呼吸内科", "慢阻肺、哮喘、肺部感染"),
    ("04.03", "骨科", "骨折、颈肩腰腿痛、关节置换"),
    ("03.02", "消化内科", "胃炎、肠炎、消化道出血"),
    ("10", "眼科", "白内障、青光眼、近视"),
    ("13", "皮肤科", "湿疹、痤疮、银屑病"),
    ("03.07", "内分泌科", "糖尿病、甲状腺疾病"),
    ("03.03", "神经内科", "脑血管病、头痛、帕金森病"),
    ("11", "耳鼻咽喉科", "鼻炎、中耳炎、咽喉疾病"),
    ("12", "口腔科", "牙体牙髓、牙周、修复"),
    ("05.02", "产科", "产前检查、高危妊娠"),
    ("04.01", "普通外科", "胆囊、甲状腺、疝气手术"),
    ("04.04", "泌尿外科", "结石、前列腺疾病"),
    ("03.06", "肾病科", "肾炎、慢性肾病"),
    ("04.02", "神经外科", "颅脑外伤、脑肿瘤"),
    ("19", "肿瘤科", "肿瘤综合治疗"),
    ("03.10", "老年病科", "老年多病共存的管理"),
    ("21", "康复医学科", "中风后康复、运动损伤"),
    ("03.05", "血液内科", "贫血、白血病"),
    ("03.08", "风湿免疫科", "类风湿、红斑狼疮"),
    ("04.05", "胸外科", "肺结节、食管疾病"),
    ("02", "全科医疗科", "常见病、慢性病管理"),
    ("16", "感染科", "肝炎、发热待查"),
    ("50", "中医科", "中药调理、失眠"),
)
CHINESE: tuple[Subject, ...] = (
    ("50.01", "中医内科", "脾胃病、失眠、咳喘"),
    ("50.10", "骨伤科", "颈椎病、腰椎间盘突出"),
    ("50.13", "针灸科", "面瘫、中风后遗症、痛症"),
    ("50.03", "中医妇科", "月经不调、不孕"),
    ("50.14", "推拿科", "小儿推拿、筋伤"),
    ("50.04", "中医儿科", "小儿厌食、反复感冒"),
    ("50.05", "中医皮肤科", "湿疹、带状疱疹"),
    ("50.11", "肛肠科", "痔疮、肛裂"),
    ("50.12", "中医老年病科", "老年体虚、眩晕"),
    ("50.17", "治未病科", "体质辨识、膏方"),
)
WOMEN: tuple[Subject, ...] = (
    ("05.02", "产科", "产前检查、高危妊娠"),
    ("05.01", "妇科", "妇科炎症、子宫肌瘤"),
    ("07", "儿科", "儿童呼吸道感染、发热"),
    ("09", "儿童保健科", "生长发育、营养"),
    ("06", "妇女保健科", "两癌筛查、更年期保健"),
    ("07.01", "新生儿科", "早产儿、黄疸"),
    ("05.04", "优生咨询门诊", "孕前检查、遗传咨询"),
    ("12", "儿童口腔科", "龋齿、牙列不齐"),
)
CHILDREN: tuple[Subject, ...] = (
    ("07", "小儿内科", "发热、咳嗽、腹泻"),
    ("08", "小儿外科", "疝气、阑尾炎"),
    ("07.05", "小儿呼吸科", "哮喘、反复呼吸道感染"),
    ("07.06", "小儿心脏病科", "先天性心脏病"),
    ("07.09", "小儿神经科", "癫痫、抽动症"),
    ("07.10", "小儿内分泌科", "矮小、性早熟"),
    ("09", "儿童保健科", "生长发育、营养"),
    ("10", "小儿眼科", "近视防控、斜视"),
    ("13", "小儿皮肤科", "湿疹、过敏"),
)
TUMOUR: tuple[Subject, ...] = (
    ("19", "肿瘤内科", "化疗、靶向与免疫治疗"),
    ("04.05", "胸外科", "肺癌、食管癌手术"),
    ("04.01", "胃肠外科", "胃癌、肠癌手术"),
    ("05.01", "妇科肿瘤科", "宫颈癌、卵巢癌"),
    ("32", "放射治疗科", "精确放疗"),
    ("24", "安宁疗护门诊", "疼痛与症状控制"),
    ("50.09", "中医肿瘤科", "扶正调理"),
)
TEETH: tuple[Subject, ...] = (
    ("12.01", "口腔内科", "牙体牙髓、牙周"),
    ("12.02", "口腔颌面外科", "拔牙、颌面手术"),
    ("12.03", "正畸科", "牙齿矫正"),
    ("12.04", "口腔修复科", "种植、义齿"),
)
MIND: tuple[Subject, ...] = (
    ("15.01", "精神科", "抑郁、焦虑、失眠"),
    ("15.05", "心理门诊", "心理咨询、应激"),
    ("15.02", "儿少心理门诊", "多动、厌学"),
    ("15.03", "记忆门诊", "老年认知障碍"),
)
COMMUNITY: tuple[Subject, ...] = (
    ("02", "全科门诊", "常见病、高血压、糖尿病随访"),
    ("01", "预防保健科", "疫苗接种、体检"),
    ("50", "中医馆", "针灸、推拿、中药"),
)

# A rule row of a hospital: key and value, or key, value, period type and period value.
Row = tuple[str, str] | tuple[str, str, str, int]


@dataclass(frozen=True)
class HospitalPlan:
    """One hospital to be made: who it is, what it offers, which rules are its own."""

    name: str
    short: str
    grade: str
    kind: str
    city: int  # place in CITIES
    subjects: tuple[Subject, ...]
    departments: int
    doctors: int
    rules: tuple[Row, ...] = ()
    shares: bool = False  # parts of each session are kept for single channels
    mode: str = "quota"
    state: str = "live"
    parent: int | None = None  # place in HOSPITALS


HOSPITALS: tuple[HospitalPlan, ...] = (
    HospitalPlan(
        "云岭省人民医院", "省人民医院", "三甲", "general", 0, GENERAL, 26, 112,
        (
            ("recycle.time", "day-1 12:00"),
            ("change.deadline", "day-1 20:00"),
            ("age.max@department=07", "14"),
            ("limit.live", "4"),
        ),
        shares=True,
    ),
    HospitalPlan(
        "青石市中医院", "青石中医院", "三乙", "tcm", 1, CHINESE, 10, 50,
        (
            ("window.last-day", "7"),
            ("release.time", "06:30"),
            ("book.stop", "day-1 17:00"),
            ("cancel.deadline@kind=expert", "start-12h"),
            ("cancel.deadline@kind=ordinary", "start-30m"),
        ),
    ),
    HospitalPlan(
        "云岭省妇幼保健院", "省妇幼保健院", "三甲", "women-children", 0, WOMEN, 8, 62,
        (
            ("window.last-day", "28"),
            ("release.time", "08:30"),
            ("sex.only@department=05", "female"),
            ("sex.only@department=06", "female"),
            ("age.max@department=07", "14"),
            ("age.max@department=09", "14"),
            ("recycle.time", "day-1 15:00"),
        ),
        shares=True,
    ),
    HospitalPlan(
        "云岭大学附属第一医院", "云大附一院", "三甲", "general", 0, GENERAL, 24, 104,
        (
            ("pay.mode", "online"),
            ("pay.minutes", "30"),
            ("release.time", "06:00"),
            ("cancel.deadline", "day-1 17:00"),
            ("block.cancel", "3 -> month-end", "month", 1),
        ),
        mode="realtime",
    ),
    HospitalPlan(
        "云岭省肿瘤医院", "省肿瘤医院", "三甲", "specialist", 0, TUMOUR, 7, 56,
        (
            ("window.last-day", "28"),
            ("age.min", "14"),
            ("identity.needed", "yes"),
            ("identity.first-visit", "resident,foreigner,hk-macau,taiwan"),
            ("cancel.deadline", "workday-2 23:59"),
            ("block.no-show", "3 -> 6m", "half-year", 1),
        ),
    ),
    HospitalPlan(
        "云岭省儿童医院", "省儿童医院", "三甲", "specialist", 0, CHILDREN, 9, 66,
        (
            ("age.max", "17"),
            ("release.time", "00:00"),
            ("rerelease.delay", "5-30"),
            ("recycle.time", "start-4h"),
            ("limit.phone-persons", "3"),
        ),
        shares=True,
    ),
    HospitalPlan(
        "澄湖市第一人民医院", "澄湖一医院", "三乙", "general", 2, GENERAL, 22, 70,
        (
            ("release.time", "07:30"),
            ("book.stop", "day-1 15:00"),
            ("limit.day", "1"),
            ("limit.period", "4", "month", 1),
        ),
    ),
    HospitalPlan(
        "栖云市中心医院", "栖云中心医院", "二甲", "general", 3, GENERAL, 18, 60,
        (
            ("window.first-day", "0"),
            ("book.stop", "start-30m"),
            ("cancel.deadline", "start-4h"),
            ("checkin.cutoff@half=am", "day-0 11:20"),
            ("checkin.cutoff@half=pm", "day-0 16:20"),
        ),
    ),
    HospitalPlan(
        "白鹭市口腔医院", "白鹭口腔医院", "二甲", "specialist", 5, TEETH, 4, 32,
        (("rebook.pause-minutes", "30"), ("block.same-day-cancel", "3 -> month-end", "month", 1)),
    ),
    HospitalPlan(
        "雁鸣市精神卫生中心", "雁鸣精神卫生中心", "二甲", "specialist", 4, MIND, 4, 30,
        (("pay.mode", "either"), ("noshow.late-minutes", "30")),
    ),
    HospitalPlan(
        "岚东县人民医院", "岚东县医院", "二乙", "general", 0, GENERAL, 14, 44,
        (
            ("rules.resolution", "whole-set"),
            ("window.last-day", "14"),
            ("booking.hours", "07:30-17:00"),
            ("block.no-show", "3 -> 1m", "year", 1),
        ),
    ),
    HospitalPlan(
        "岚州市城南社区卫生服务中心", "城南社区中心", "未定级", "community", 0, COMMUNITY, 3, 14,
        (("window.first-day", "0"), ("book.stop", "start-30m"), ("cancel.deadline", "start-30m")),
        parent=0,
    ),
    HospitalPlan(
        "枫桥市新区医院", "枫桥新区医院", "二甲", "general", 6, GENERAL, 3, 6, state="draft",
    ),
)  # fmt: skip

# What the province says for every hospital that says nothing of its own.
COMMON_RULES: tuple[Row, ...] = (
    ("window.last-day", "14"),
    ("release.time", "07:00"),
    ("book.stop", "day-1 23:00"),
    ("cancel.deadline", "day-1 23:59"),
    ("change.deadline", "day-1 23:59"),
    ("limit.department-day", "1"),
    ("limit.day", "2"),
    ("block.no-show", "3 -> 3m", "months", 3),
)


@dataclass(frozen=True)
class DoctorPlan:
    """A doctor whom the tests and the guide know by name. days: weekdays of the half-days."""

    name: str
    sex: str
    title: str
    fee_fen: int
    days: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # half -> weekdays
    capacity: int = 8


EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
WORKDAYS = (1, 2, 3, 4, 5)

# Hospital and department by place, and their known doctors. The rest is drawn.
KNOWN: Mapping[tuple[int, int], tuple[DoctorPlan, ...]] = {
    (0, 0): (
        DoctorPlan("曾文华", "female", "主任医师", 4000, {"am": EVERY_DAY}),
        DoctorPlan("单国强", "male", "副主任医师", 2500, {"pm": EVERY_DAY}),
    ),
    (0, 1): (
        DoctorPlan("解小敏", "female", "副主任医师", 2000, {"am": WORKDAYS, "pm": (2, 4)}),
        DoctorPlan("王晓燕", "female", "主治医师", 1200, {"pm": WORKDAYS, "night": (6,)}, 12),
    ),
    (0, 2): (
        DoctorPlan("周丽萍", "female", "主任医师", 3000, {"am": (1, 3, 5), "pm": (1, 3)}),
        DoctorPlan("赵敏", "female", "主治医师", 1000, {"am": (2, 4, 6), "pm": (2, 4)}, 10),
    ),
    (1, 0): (
        DoctorPlan("何立新", "male", "主任医师", 2600, {"am": (1, 3, 5, 6)}),
        DoctorPlan("区志明", "male", "主治医师", 1000, {"am": (2, 4), "pm": WORKDAYS}, 10),
    ),
    (1, 1): (
        DoctorPlan("徐振东", "male", "副主任医师", 1800, {"am": WORKDAYS}),
        DoctorPlan("孙浩", "male", "住院医师", 600, {"pm": WORKDAYS}, 10),
    ),
    # The one that is soon sold out: two numbers a week.
    (1, 2): (DoctorPlan("仇玉兰", "female", "主任医师", 3000, {"am": (4,)}, 2),),
}
KNOWN_NAMES = frozenset(plan.name for plans in KNOWN.values() for plan in plans)
# Departments without an ordinary number of their own: when their doctors are full, they are.
NO_ORDINARY = frozenset({(1, 2)})

HALVES: Mapping[str, tuple[time, time]] = {
    "am": (time(8), time(11)),
    "pm": (time(14), time(17)),
    "night": (time(18), time(20)),
}
SHARES: tuple[Mapping[str, int | str], ...] = (
    {"web": "30%"},
    {"web": "25%", "sms": "10%", "kiosk": "10%"},
    {"clinic": 1, "community": "20%"},
)

# Weekday: from when until when people answer. The machine always does.
HOURS: Mapping[int, tuple[time, time]] = {
    day: (time(7), time(22)) if day <= 5 else (time(8), time(20)) for day in EVERY_DAY
}


def _days(first: date, last: date) -> list[date]:
    return [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]


# 2026 by the State Council's notice; 2027 the days the law names, until its notice comes.
REST: tuple[tuple[str, list[date]], ...] = (
    ("元旦", _days(date(2026, 1, 1), date(2026, 1, 3))),
    ("春节", _days(date(2026, 2, 15), date(2026, 2, 23))),
    ("清明节", _days(date(2026, 4, 4), date(2026, 4, 6))),
    ("劳动节", _days(date(2026, 5, 1), date(2026, 5, 5))),
    ("端午节", _days(date(2026, 6, 19), date(2026, 6, 21))),
    ("中秋节", _days(date(2026, 9, 25), date(2026, 9, 27))),
    ("国庆节", _days(date(2026, 10, 1), date(2026, 10, 7))),
    ("元旦", [date(2027, 1, 1)]),
    ("春节", _days(date(2027, 2, 5), date(2027, 2, 8))),
    ("清明节", [date(2027, 4, 5)]),
    ("劳动节", _days(date(2027, 5, 1), date(2027, 5, 2))),
    ("端午节", [date(2027, 6, 9)]),
    ("中秋节", [date(2027, 9, 15)]),
    ("国庆节", _days(date(2027, 10, 1), date(2027, 10, 3))),
)
MADE_UP: tuple[tuple[str, date], ...] = (
    ("元旦调休", date(2026, 1, 4)),
    ("春节调休", date(2026, 2, 14)),
    ("春节调休", date(2026, 2, 28)),
    ("劳动节调休", date(2026, 5, 9)),
    ("国庆节调休", date(2026, 9, 20)),
    ("国庆节调休", date(2026, 10, 10)),
)
# On these nobody answers in person: the first two days of the year of the moon.
NOBODY = frozenset({date(2026, 2, 17), date(2026, 2, 18), date(2027, 2, 6), date(2027, 2, 7)})

GREETINGS: tuple[tuple[str, str], ...] = (
    ("surge", "当前来电较多，按键自助预约无需等待。"),
    ("storm", "受天气影响，部分医院门诊可能调整，请以短信通知为准。"),
)
