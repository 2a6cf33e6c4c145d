"""Animal after animal moves into an empty thing, and each newcomer hears who lives there already."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["HOUSE"]

_FIRST = "{+beast}"
_TWO = "{+beast} и {+second}"
_THREE = "{+beast}, {+second} и {+third}"
_THREE_TOLD = "{+Beast}, {+second} и {+third}"
_FOUR = "{+beast}, {+second}, {+third} и {+fourth}"

HOUSE = Plot(
    titles=("{+house}", "Кто живёт {inside}?", "{beast}, {second}, {third} и {fourth}"),
    cases=(
        {
            "inside": "в {house.pre}",
            "lost": "Везли с ярмарки {+house.acc}, да и потеряли по дороге",
            "danger": "Тут полил холодный дождь, засверкало, загремело",
            "held": "Прижались все друг к дружке, и никому не было страшно",
        },
        {
            "inside": "в {house.pre}",
            "lost": "{Elder} из деревни {village} {elder:забыл} у дороги {+house.acc}",
            "danger": "Ночью {foe:пришёл} {+foe}: ищет, кого бы съесть",
            "held": "Закричали все разом, каждый на свой голос, {foe} {foe:перепугался} и {foe:убежал} {in} "
            "{+place.acc}",
        },
        {
            "inside": "в {house.pre}",
            "lost": "Принесло ветром на опушку {+house.acc}",
            "danger": "Ударил мороз, снег пошёл хлопьями, стены затрещали",
            "held": "Натаскали сухих листьев, заткнули щели и прожили в тепле до самой весны",
        },
        {
            "inside": "в {house.pre}",
            "lost": "{Hero:шёл} {hero} домой и {hero:обронил} {+house.acc}",
            "danger": "На рассвете слышат шаги: {hero:воротился} {hero} искать {house.acc}",
            "held": "{Hero:увидел} {hero} жильцов, {hero:засмеялся} и {hero:оставил} всё как есть, да ещё "
            "{hero:угостил} соседей: на пороге теперь {+food}",
        },
    ),
    beats=(
        ("{lost}. {Weather}",),
        (
            "{Beast:бежал} мимо {+beast}. {Beast:остановился} {beast} и спрашивает:\n\n— Кто, кто {inside} "
            "живёт?\n\nНикто не отвечает. {Beast:влез} {beast} внутрь и {beast:стал} там жить.",
            "{Beast:увидел} {house.acc} {+beast} и {beast:постучал}:\n\n— Кто, кто {inside} живёт?\n\nТихо.\n\n"
            "— Значит, буду жить я, — {beast:решил} {beast}.",
        ),
        (
            f"{{Second:пришёл}} {{+second}}:\n\n— Кто, кто {{inside}} живёт?\n\n— Живёт здесь {_FIRST}. А ты "
            "кто?\n\n— А я {+second}. {second_can}.\n\n— Тогда иди к нам.",
            f"На другой день {{second:постучался}} {{+second}}:\n\n— Кто, кто {{inside}} живёт?\n\n— Я, {_FIRST}. "
            "А ты кто?\n\n— Я {+second}. {second_can}.\n\n— Ну, заходи.",
        ),
        (
            f"Стали жить вдвоём. {{Third:пришёл}} {{+third}}:\n\n— Кто, кто {{inside}} живёт?\n\n— Живут здесь "
            f"{_TWO}. А ты кто?\n\n— А я {{+third}}. {{third_can}}.\n\n— И тебе место найдётся.",
        ),
        (
            f"Живут втроём, не тужат. {{Fourth:приплёлся}} {{+fourth}}:\n\n— Кто, кто {{inside}} живёт?\n\n— "
            f"Живут здесь {_THREE}. А ты кто?\n\n— А я {{+fourth}}. {{fourth_can}}.\n\n— Тесно, да ничего: иди и "
            "ты.",
            f"Однажды вечером {{fourth:подошёл}} к двери {{+fourth}}:\n\n— Кто, кто {{inside}} живёт?\n\n— "
            f"{_THREE_TOLD}. А ты кто?\n\n— А я {{+fourth}}. {{fourth_can}}.\n\n— Полезай, в тесноте, да не в "
            f"обиде.",
        ),
        (f"Стали жить вчетвером: {_FOUR}. {{chores}}",),
        ("{danger}. {held}.",),
        (
            f"Так и живут {{inside}} до сих пор: {_FOUR}. А кто мимо идёт, тот спрашивает: «Кто, кто {{inside}} "
            "живёт?»",
            "«{Saying}» — так у них над дверью и написано.",
            f"Если будете в тех краях, постучите. Откроют вам {_FOUR} и напоят чаем.",
        ),
    ),
)
