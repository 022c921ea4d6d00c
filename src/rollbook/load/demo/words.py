"""The words that the demo institution is named from: people in many scripts, subjects, titles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Names:
    """Given and family names of one script and manner."""

    weight: int
    """Of a hundred people, how many have such a name."""
    given: str
    family: str
    joiner: str = " "
    is_family_first: bool = False


NAMES = (
    Names(
        38,
        "Alice Benjamin Charlotte Daniel Eleanor Frederick Grace Henry Isabel Jack Katherine Liam "
        "Margaret Nathan Olivia Patrick Quinn Rebecca Samuel Theodore Ursula Victor Winifred Xavier "
        "Yvonne Zachary Amara Kwame Mary-Jane D'Andre",
        "Abbott Barker Carter Dalton Ellis Fletcher Garner O'Brien Hughes Irwin Jennings O'Neil Lowell "
        "McAllister Norris Osborne Parker Quigley Rhodes Sinclair Thatcher Underwood Vaughn Whitaker "
        "Yates Achebe Okafor Mensah Smith-Jones D'Angelo",
    ),
    Names(
        10,
        "María José Lucía Martín Sofía Andrés Ximena Íñigo Begoña Ángel Nuria Óscar",
        "García_López Rodríguez Muñoz_Peña Hernández Ibáñez de_la_Cruz Nuñez Ortega_y_Gasset Vélez",
    ),
    Names(
        8,
        "Zoë François Jürgen Åsa Søren Łukasz Małgorzata Çağla Şükrü Dvořák Žofie Ægir Þóra Nélida",
        "Müller Ångström Østergård Wałęsa Brzęczyszczykiewicz Yılmaz Dvořáková van_der_Berg Þórsson "
        "Lefèvre Groß Kovács",
    ),
    Names(
        6, "Nguyễn_Thị Văn_Đức Ngọc_Ánh Hồng_Phúc Minh_Tú", "Nguyễn Trần Phạm Đặng Vũ", " ", True
    ),
    Names(9, "小明 美玲 志強 雅婷 建国 秀英 子涵 浩然", "王 李 张 陳 劉 黃 歐陽", "", True),
    Names(4, "さくら 翔太 美咲 健一 ひなた", "佐藤 鈴木 高橋 渡辺", " ", True),
    Names(4, "민준 서연 지우 하은 도윤", "김 이 박 최 정", "", True),
    Names(5, "محمد فاطمة أحمد ليلى يوسف نور", "الحسن العلي بن_سعيد الخطيب حداد"),
    Names(2, "נועה דוד יעל איתן", "כהן לוי בן-דוד"),
    Names(4, "Анна Дмитрий Ольга_Петровна Сергей Марія Їжак", "Иванова Соколов Шевченко Ковальчук"),
    Names(2, "Ελένη Γιώργος Αλέξανδρος", "Παπαδόπουλος Γεωργίου"),
    Names(4, "प्रिया अर्जुन लक्ष्मी रोहन", "शर्मा पटेल सिंह"),
    Names(1, "கவிதா முருகன்", "சுப்பிரமணியம் ராஜா"),
    Names(1, "สมชาย กัญญา", "ใจดี ศรีสุข"),
    Names(1, "Արամ Անի", "Պետրոսյան Հակոբյան"),
    Names(1, "ნინო გიორგი", "ბერიძე კაპანაძე"),
)
"""Weights add up to a hundred. An underscore stands for a space inside a name."""

SUBJECTS = (
    ("BIO", "Biology"),
    ("HIS", "History"),
    ("MAT", "Mathematics"),
    ("CSC", "Computing"),
    ("ART", "Fine Arts"),
    ("CHE", "Chemistry"),
    ("ENG", "English"),
    ("PHY", "Physics"),
    ("NUR", "Nursing"),
    ("ECO", "Economics"),
    ("EDU", "Education"),
    ("MUS", "Music & Dance"),
    ("LAW", "Law"),
    ("PSY", "Psychology"),
    ("SPA", "Spanish"),
    ("GEO", "Geography"),
    ("PHI", "Philosophy"),
    ("AGR", "Agriculture"),
    ("JPN", "Japanese"),
)

ODD_TITLES = (
    'Writing "Well": Style, Voice, and Audience',
    "Español intermedio: ¿Cómo se dice?",
    "日本語 初級",
    "🚀 Launch Lab",
    "Calculus I, II & III",
    "مدخل إلى اللغة العربية",
    "Women's Studies; a Survey",
    "Thermodynamics (ΔG = ΔH − TΔS)",
    " Leading and trailing blanks ",
    "C++ / C# for Beginners",
)


def tables() -> dict[str, list[dict[str, Any]]]:
    """The words as tables for the scripts to read, by table name."""
    return {"name_slots": _name_slots(), "subjects": _subjects(), "odd_titles": _odd_titles()}


def _name_slots() -> list[dict[str, Any]]:
    slots = [names for names in NAMES for _ in range(names.weight)]
    return [
        {
            "slot": slot,
            "given": _words(names.given),
            "family": _words(names.family),
            "joiner": names.joiner,
            "is_family_first": names.is_family_first,
        }
        for slot, names in enumerate(slots)
    ]


def _words(text: str) -> list[str]:
    return [word.replace("_", " ") for word in text.split()]


def _subjects() -> list[dict[str, Any]]:
    return [
        {"number": number, "subject_code": code, "subject": subject}
        for number, (code, subject) in enumerate(SUBJECTS)
    ]


def _odd_titles() -> list[dict[str, Any]]:
    return [{"number": number, "title": title} for number, title in enumerate(ODD_TITLES)]
