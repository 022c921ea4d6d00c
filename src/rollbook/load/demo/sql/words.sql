-- The words that everything is named from: people in many scripts, subjects, titles.

-- stage: name_slots
-- A hundred slots, each a list of given and one of family names in one script and manner. An
-- underscore stands for a space inside a name.
WITH manners AS (
    SELECT * FROM (VALUES
        (38, ' ', false,
            'Alice Benjamin Charlotte Daniel Eleanor Frederick Grace Henry Isabel Jack Katherine Liam '
            || 'Margaret Nathan Olivia Patrick Quinn Rebecca Samuel Theodore Ursula Victor Winifred '
            || 'Xavier Yvonne Zachary Amara Kwame Mary-Jane D''Andre',
            'Abbott Barker Carter Dalton Ellis Fletcher Garner O''Brien Hughes Irwin Jennings O''Neil '
            || 'Lowell McAllister Norris Osborne Parker Quigley Rhodes Sinclair Thatcher Underwood '
            || 'Vaughn Whitaker Yates Achebe Okafor Mensah Smith-Jones D''Angelo'),
        (48, ' ', false,
            'María José Lucía Martín Sofía Andrés Ximena Íñigo Begoña Ángel Nuria Óscar',
            'García_López Rodríguez Muñoz_Peña Hernández Ibáñez de_la_Cruz Nuñez Ortega_y_Gasset '
            || 'Vélez'),
        (56, ' ', false,
            'Zoë François Jürgen Åsa Søren Łukasz Małgorzata Çağla Şükrü Dvořák Žofie Ægir Þóra '
            || 'Nélida',
            'Müller Ångström Østergård Wałęsa Brzęczyszczykiewicz Yılmaz Dvořáková van_der_Berg '
            || 'Þórsson Lefèvre Groß Kovács'),
        (62, ' ', true,
            'Nguyễn_Thị Văn_Đức Ngọc_Ánh Hồng_Phúc Minh_Tú',
            'Nguyễn Trần Phạm Đặng Vũ'),
        (71, '', true,
            '小明 美玲 志強 雅婷 建国 秀英 子涵 浩然',
            '王 李 张 陳 劉 黃 歐陽'),
        (75, ' ', true,
            'さくら 翔太 美咲 健一 ひなた',
            '佐藤 鈴木 高橋 渡辺'),
        (79, '', true,
            '민준 서연 지우 하은 도윤',
            '김 이 박 최 정'),
        (84, ' ', false,
            'محمد فاطمة أحمد ليلى يوسف نور',
            'الحسن العلي بن_سعيد الخطيب حداد'),
        (86, ' ', false,
            'נועה דוד יעל איתן',
            'כהן לוי בן-דוד'),
        (90, ' ', false,
            'Анна Дмитрий Ольга_Петровна Сергей Марія Їжак',
            'Иванова Соколов Шевченко Ковальчук'),
        (92, ' ', false,
            'Ελένη Γιώργος Αλέξανδρος',
            'Παπαδόπουλος Γεωργίου'),
        (96, ' ', false,
            'प्रिया अर्जुन लक्ष्मी रोहन',
            'शर्मा पटेल सिंह'),
        (97, ' ', false,
            'கவிதா முருகன்',
            'சுப்பிரமணியம் ராஜா'),
        (98, ' ', false,
            'สมชาย กัญญา',
            'ใจดี ศรีสุข'),
        (99, ' ', false,
            'Արամ Անի',
            'Պետրոսյան Հակոբյան'),
        (100, ' ', false,
            'ნინო გიორგი',
            'ბერიძე კაპანაძე')
    ) AS rows (slots_end, joiner, is_family_first, given, family)
),
lists AS (
    SELECT
        * EXCLUDE (given, family),
        lag(slots_end, 1, 0) OVER (ORDER BY slots_end) AS slots_start,
        list_transform(string_split(given, ' '), lambda name: replace(name, '_', ' ')) AS given,
        list_transform(string_split(family, ' '), lambda name: replace(name, '_', ' ')) AS family
    FROM manners
)
SELECT unnest(range(slots_start, slots_end)) AS slot, given, family, joiner, is_family_first
FROM lists
ORDER BY slot

-- stage: subjects
SELECT * FROM (VALUES
    (0, 'BIO', 'Biology'),
    (1, 'HIS', 'History'),
    (2, 'MAT', 'Mathematics'),
    (3, 'CSC', 'Computing'),
    (4, 'ART', 'Fine Arts'),
    (5, 'CHE', 'Chemistry'),
    (6, 'ENG', 'English'),
    (7, 'PHY', 'Physics'),
    (8, 'NUR', 'Nursing'),
    (9, 'ECO', 'Economics'),
    (10, 'EDU', 'Education'),
    (11, 'MUS', 'Music & Dance'),
    (12, 'LAW', 'Law'),
    (13, 'PSY', 'Psychology'),
    (14, 'SPA', 'Spanish'),
    (15, 'GEO', 'Geography'),
    (16, 'PHI', 'Philosophy'),
    (17, 'AGR', 'Agriculture'),
    (18, 'JPN', 'Japanese')
) AS rows (number, subject_code, subject)

-- stage: odd_titles
SELECT * FROM (VALUES
    (0, 'Writing "Well": Style, Voice, and Audience'),
    (1, 'Español intermedio: ¿Cómo se dice?'),
    (2, '日本語 初級'),
    (3, '🚀 Launch Lab'),
    (4, 'Calculus I, II & III'),
    (5, 'مدخل إلى اللغة العربية'),
    (6, 'Women''s Studies; a Survey'),
    (7, 'Thermodynamics (ΔG = ΔH − TΔS)'),
    (8, ' Leading and trailing blanks '),
    (9, 'C++ / C# for Beginners')
) AS rows (number, title)
