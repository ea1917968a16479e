"""Word lists from which companies and goods are assembled, in several scripts.

Every list is of common nouns, places and legal forms: no name of a person.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """What companies of one country look like."""

    iso: str
    name: str  #: in English
    template: str  #: of `root`, `branch` and `form`
    joint: str  #: between two roots
    roots: tuple[str, ...]
    branches: tuple[str, ...]
    forms: tuple[tuple[str, str], ...]  #: legal form and another spelling of it
    streets: tuple[str, ...]
    street: str  #: template of `street` and `house`
    cities: tuple[tuple[str, str], ...]  #: city and template of its postcode
    phone: str  #: `#` stands for a digit
    currency: str = "EUR"


GERMANY = Country(
    iso="DE",
    name="Germany",
    template="{root} {branch} {form}",
    joint=" & ",
    roots=tuple(
        "Nordlicht Falken Rheingold Hansa Brücken Blütental Sonnen Eichen Löwen Kranich"
        " Bernstein Heide Morgenröte Kupfer Silber Tannen Wellen Grünfeld Süder Adler"
        " Polar Merkur Elbe Isar Möwen Feld".split()
    ),
    branches=tuple(
        "Textil Maschinenbau Logistik Werkzeuge Getränke Möbel Papier Optik"
        " Kältetechnik Baustoffe Medizintechnik Großhandel Verpackung".split()
    ),
    forms=(("GmbH", "G.m.b.H."), ("AG", "Aktiengesellschaft"), ("KG", "Kommanditges.")),
    streets=("Hafenstraße", "Industrieweg", "Mühlengasse", "Bahnhofstraße", "Am Markt"),
    street="{street} {house}",
    cities=(
        ("Berlin", "10###"),
        ("Köln", "506##"),
        ("München", "803##"),
        ("Hamburg", "20###"),
        ("Lübeck", "235##"),
    ),
    phone="+49 30 2####6##",
)

FRANCE = Country(
    iso="FR",
    name="France",
    template="{root} {branch} {form}",
    joint=" et ",
    roots=tuple(
        "Étoile Lumière Rivière Chêne Hirondelle Lavande Océane Montagne Cèdre Soleil"
        " Forêt Marée Aurore Ardoise Cigale Phare Clairière Écluse Galet Brume".split()
    ),
    branches=tuple(
        "Textiles Mécanique Boissons Matériaux Emballages Électronique Outillage"
        " Papeterie Céramique Logistique Distribution Énergie".split()
    ),
    forms=(("SARL", "S.A.R.L."), ("SAS", "S.A.S."), ("SA", "Société Anonyme")),
    streets=("rue du Port", "avenue de la Gare", "chemin des Écoles", "quai du Marché"),
    street="{house} {street}",
    cities=(
        ("Paris", "750##"),
        ("Lyon", "6900#"),
        ("Nîmes", "300##"),
        ("Besançon", "250##"),
    ),
    phone="+33 1 42 ## ## ##",
)

ITALY = Country(
    iso="IT",
    name="Italy",
    template="{root} {branch} {form}",
    joint=" e ",
    roots=tuple(
        "Aurora Vesuvio Laguna Cipresso Girasole Marmo Tramontana Libeccio Ulivo Fontana"
        " Corallo Pineta Stella Bottega Scoglio Primavera Torrente Ponte".split()
    ),
    branches=tuple(
        "Tessuti Meccanica Bevande Arredi Ceramiche Imballaggi Ottica Utensili Logistica Cartiera Elettronica".split()
    ),
    forms=(("S.r.l.", "Srl"), ("S.p.A.", "SpA"), ("S.n.c.", "Snc")),
    streets=("Via Garofano", "Viale del Porto", "Corso Libertà", "Piazza del Mercato"),
    street="{street} {house}",
    cities=(("Roma", "001##"), ("Milano", "201##"), ("Forlì", "4712#")),
    phone="+39 06 6###8###",
)

POLAND = Country(
    iso="PL",
    name="Poland",
    template="{root} {branch} {form}",
    joint=" i ",
    roots=tuple(
        "Żuraw Bałtyk Dąb Jaskółka Wisła Świt Źródło Brzoza Bursztyn Łąka Wrzos Sokół"
        " Jodła Zorza Kłos Młyn Przystań Skała".split()
    ),
    branches=tuple(
        "Tekstylia Maszyny Napoje Meble Opakowania Narzędzia Papier Logistyka Ceramika Elektronika Żywność".split()
    ),
    forms=(("Sp. z o.o.", "Spółka z o.o."), ("S.A.", "Spółka Akcyjna")),
    streets=("ul. Portowa", "ul. Młyńska", "al. Przemysłowa", "ul. Źródlana"),
    street="{street} {house}",
    cities=(("Warszawa", "00-###"), ("Łódź", "90-###"), ("Gdańsk", "80-###")),
    phone="+48 22 5## ## ##",
)

AUSTRIA = Country(
    iso="AT",
    name="Austria",
    template="{root} {branch} {form}",
    joint=" & ",
    roots=tuple(
        "Alpen Gletscher Donau Enzian Steinbock Lärchen Almrausch Föhn Murmel Zirben"
        " Salz Wiesen Kristall Hochtal Edelweiß Seeblick".split()
    ),
    branches=tuple(
        "Holzbau Seilbahntechnik Getränke Textil Stahlbau Möbel Medizintechnik Papier Logistik Glashütte".split()
    ),
    forms=(("GmbH", "Ges.m.b.H."), ("AG", "Aktiengesellschaft"), ("OG", "Offene Ges.")),
    streets=("Ringstraße", "Talgasse", "Sägewerkweg", "Kirchenplatz"),
    street="{street} {house}",
    cities=(("Wien", "1##0"), ("Graz", "8010"), ("Sankt Pölten", "3100")),
    phone="+43 1 5###6##",
)

GREECE = Country(
    iso="GR",
    name="Greece",
    template="{root} {branch} {form}",
    joint=" & ",
    roots=tuple("Αιγαίο Όλυμπος Ελιά Γαλήνη Φάρος Άνεμος Κύμα Ήλιος Θύελλα Δελφίνι Πηγή Αστέρι Λιμάνι Ακτή".split()),
    branches=tuple("Υφάσματα Μηχανές Ποτά Έπιπλα Χαρτί Εργαλεία Κεραμικά Τρόφιμα Συσκευασία".split()),
    forms=(("Α.Ε.", "ΑΕ"), ("Ε.Π.Ε.", "ΕΠΕ"), ("Ο.Ε.", "ΟΕ")),
    streets=("Οδός Λιμένος", "Λεωφόρος Θαλάσσης", "Οδός Αγοράς"),
    street="{street} {house}",
    cities=(("Αθήνα", "105 ##"), ("Θεσσαλονίκη", "546 ##"), ("Πάτρα", "262 ##")),
    phone="+30 21 0###4###",
)

UKRAINE = Country(
    iso="UA",
    name="Ukraine",
    template="{form} {root} {branch}",
    joint="-",
    roots=tuple(
        "Дніпро Карпати Світанок Джерело Калина Степ Журавель Зоря Хвиля Соняшник Дубрава Криниця Обрій Вітрило".split()
    ),
    branches=tuple("Текстиль Машинобуд Напої Меблі Папір Інструмент Кераміка Логістика Харчі".split()),
    forms=(("ТОВ", "Т.О.В."), ("ПрАТ", "Приватне АТ"), ("ПП", "П.П.")),
    streets=("вул. Портова", "вул. Заводська", "просп. Свободи"),
    street="{street}, {house}",
    cities=(("Київ", "010##"), ("Львів", "790##"), ("Одеса", "650##")),
    phone="+380 44 4## ## ##",
)

JAPAN = Country(
    iso="JP",
    name="Japan",
    template="{root}{branch}{form}",
    joint="",
    roots=tuple("東雲 青葉 日向 若草 光陽 北斗 銀河 桜川 竹林 白波 朝日野 松風 千鳥 明星".split()),
    branches=tuple("精密 機械 繊維 製紙 飲料 工業 電子 物流 家具 商事".split()),
    forms=(("株式会社", "(株)"), ("有限会社", "(有)"), ("合同会社", "(同)")),
    streets=("本町", "港町", "中央", "若葉台"),
    street="{street}{house}番地",
    cities=(("東京", "100-00##"), ("大阪", "530-00##"), ("札幌", "060-00##")),
    phone="+81 3 52## 4###",
    currency="USD",
)

CHINA = Country(
    iso="CN",
    name="China",
    template="{city}{root}{branch}{form}",
    joint="",
    roots=tuple("明辉 瑞丰 金桥 海川 星河 长青 华盛 天成 宏远 东升 润泽 安泰 鼎新 永兴".split()),
    branches=tuple("机械 纺织 电子 包装 饮料 家具 物流 造纸 仪器 食品".split()),
    forms=(("有限公司", "有限责任公司"), ("股份有限公司", "股份公司")),
    streets=("人民路", "工业大道", "港湾街", "中山路"),
    street="{street}{house}号",
    cities=(("北京", "1000##"), ("上海", "2000##"), ("深圳", "5180##")),
    phone="+86 10 6### 8###",
    currency="USD",
)

# Whose turn it is as companies are numbered; seven of sixteen are not in Latin script.
WHEEL: tuple[Country, ...] = (
    GERMANY, FRANCE, CHINA, ITALY, POLAND, GERMANY, GREECE, JAPAN,
    AUSTRIA, UKRAINE, GERMANY, FRANCE, CHINA, GREECE, ITALY, JAPAN,
)  # fmt: skip

GOODS = tuple(
    "Bearing Valve Gasket Coupling Spindle Bracket Filter Hose Clamp Sensor Relay Motor"
    " Pulley Washer Rivet Hinge Nozzle Gear Shaft Panel Cable Switch Pump Fitting".split()
)
MATERIALS = tuple("steel brass copper nylon rubber aluminium ceramic titanium PTFE bronze".split())
UNITS = ("pcs", "kg", "m", "box")
