"""How a name is read, as somebody typed it: checked, and shown with tone marks; pure.

What is saved has a syllable with a tone digit for each Chinese character that is said.
"""

import re
import unicodedata
from collections.abc import Sequence

from core.errors import WrongInput
from core.pinyin import proper

_MARKED = re.compile("[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ]")
_TONED = re.compile(r"([a-zü]+)([0-9]*)")

# Every syllable of Mandarin that some character is read with and a voice can say, without its tone, v for ü.
_TABLE = """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biang biao bie bin bing bo bong bu ca cai can cang
cao ce cei cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui
chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die din ding
diu dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao
ge gei gen geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu
hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan
kang kao ke kei ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan lang lao le lei len leng li
lia lian liang liao lie lin ling liu lo long lou lu luan lun luo lv lve ma mai man mang mao me mei men meng
mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nia nian niang niao nie nin
ning niu nong nou nu nuan nun nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po
pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru
rua ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi shou
shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te tei teng
ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wong wu xi xia xian xiang
xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za
zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua zhuai
zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
"""
_SYLLABLES = frozenset(_TABLE.split())


def checked(typed: str, characters: Sequence[int]) -> str:
    """A reading as it is saved: 'Zēng xiǎo yǔ' and 'zeng1,xiao3,yu3' are 'zeng1 xiao3 yu3'.

    characters: how many syllables it may have, the usual number first. Raises WrongInput with the
    place (from 1) and the syllable that is wrong.
    """
    found = [_toned(one) for one in _split(typed)]
    if len(found) not in characters:
        raise _wrong("count", wanted=characters[0], given=len(found))
    for place, one in enumerate(found, start=1):
        match = _TONED.fullmatch(one)
        if match is None or match[1].replace("ü", "v") not in _SYLLABLES:
            raise _wrong("syllable", place=place, syllable=one[:12])
        if not re.fullmatch("[0-5]", match[2]):
            raise _wrong("tone", place=place, syllable=one[:12])
    return " ".join(proper(" ".join(found), len(found)) or ()).replace("ü", "v")


def marked(syllables: Sequence[str]) -> str:
    """zēng xiǎo yǔ: as schoolbooks write it."""
    from pypinyin.contrib.tone_convert import to_tone

    return " ".join(to_tone(one) for one in syllables)


def _split(typed: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", typed).strip().lower().replace("u:", "ü").replace("v", "ü")
    return [one for one in re.split(r"[\s,;.，、；。'’\-]+", plain) if one]


def _toned(syllable: str) -> str:
    """With a digit for the mark it was typed with."""
    from pypinyin.contrib.tone_convert import to_tone3

    if not _MARKED.search(syllable):
        return syllable
    return str(to_tone3(syllable, v_to_u=True, neutral_tone_with_five=True))


def _wrong(why: str, **facts: object) -> WrongInput:
    return WrongInput(facts={"field": "pinyin", "why": why, **facts})
