"""Two animals boast before a third; something small decides."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["CONTEST"]

CONTEST = Plot(
    titles=("{+beast} и {+second}", "Кто {better}?", "Как {beast} с {second.ins} {beast:спорил}"),
    cases=(
        {
            "better": "громче кричит",
            "trial": "кто докричится до другого берега",
            "beast_does": "Так {beast:закричал} {beast}, что у самого в ушах зазвенело",
            "second_tries": "{Second:набрал} {second} воздуха, да и {second:поперхнулся}",
            "verdict": "громче всех кричит тот, кому сказать нечего",
        },
        {
            "better": "быстрее бегает",
            "trial": "кто первым обежит вокруг озера",
            "beast_does": "{Beast:рванулся} {beast} с места и с разбегу {beast:угодил} в крапиву",
            "second_tries": "{Second:побежал} {second}, {second:загляделся} на облако и {second:плюхнулся} в воду",
            "verdict": "кто глядит под ноги, тот и пришёл",
        },
        {
            "better": "красивее",
            "trial": "на кого скорее залюбуется прохожий",
            "beast_does": "{Beast:нацепил} {beast} на себя ромашки, репьи и рыбью чешую",
            "second_tries": "{Second:вывалялся} {second} в золотой пыльце и {second:расчихался}",
            "verdict": "кто добр, тот и пригож",
        },
        {
            "better": "больше знает",
            "trial": "кто скажет, сколько в лесу деревьев",
            "beast_does": "«Тысяча», — {beast:сказал} {beast} и {beast:надулся} от важности",
            "second_tries": "«Тысяча и одно», — {second:сказал} {second} и {second:надулся} ещё больше",
            "verdict": "умный тот, кто не боится сказать: не знаю",
        },
        {
            "better": "сильнее",
            "trial": "кто сдвинет с дороги большой камень",
            "beast_does": "{Beast:толкал} {beast} камень, {beast:толкал}, только бок {beast:ободрал}",
            "second_tries": "{Second:упёрся} {second} с другой стороны, и камень даже не вздрогнул",
            "verdict": "вдвоём толкать надо в одну сторону",
        },
    ),
    beats=(
        (
            "Жили {in} {+place.pre} {+beast} и {+second}. {Weather} И вышел у них спор: кто {better}?",
            "{Weather} Встретились как-то {in} {+place.pre} {+beast} и {+second}, и давай хвастать.",
        ),
        (
            "— Я! — {beast:сказал} {beast}.\n\n— Нет, я! — {second:сказал} {second}.\n\n— А вот и я! — "
            "{beast:топнул} {beast}. — Про меня в деревне {village} песни поют.",
            "— Скажи-ка, {second}, кто из нас {better}? — {beast:спросил} {beast}.\n\n— Конечно, я, — "
            "{second:ответил} {second}, — это и в деревне {village} всякому известно.\n\n— Как бы не так!",
        ),
        (
            "Спорили они день, спорили два, охрипли. Пошли к третьему: пусть рассудит {+third}.\n\n— Хорошо, — "
            "{third:сказал} {third}. — Поглядим, {trial}.",
            "Мимо {third:шёл} {+third}.\n\n— Рассуди нас! — закричали оба спорщика.\n\n— Что ж, — {third:зевнул} "
            "{third}, — посмотрим, {trial}. А в награду будет {+food}.",
        ),
        (
            "Собрались поглядеть и {fourth}, и {hero} из деревни {village}, и все окрестные воробьи. {Beast_does}.",
            "{Beast:вышел} {beast} вперёд, {beast:поклонился} на все стороны. {Beast_does}.",
        ),
        (
            "— Теперь ты, {second}, — {third:сказал} {third}.\n\n{Second_tries}.",
            "Пришёл черёд {second.dat}. {Second_tries}. {Wonder}",
        ),
        (
            "Тут {fourth:вылез} вперёд {+fourth} и тихонько {fourth:спросил}:\n\n— А можно мне?\n\nВсе засмеялись. "
            "А {fourth} {fourth:подумал}, {fourth:попробовал} — и всё {fourth:сделал} как надо.",
            "А {hero} {hero:стоял} в сторонке и {hero:ел} {food.acc}.\n\n— Чудные вы, — {hero:сказал} {hero}. — "
            "Пока вы спорите, {fourth} давно всё {fourth:сделал} и {fourth:ушёл} ужинать.",
        ),
        (
            "— Вот вам мой суд, — {third:сказал} {third}. — {Verdict}.",
            "{Third:покачал} {third} головой и {third:рассудил} так: «{Verdict}».",
            "— Ну, {third}, кто же {better}? — спросили спорщики.\n\n— {Fourth}, — {third:ответил} {third}. — А вы "
            "запомните: {verdict}.",
        ),
        (
            "Помирились {beast} и {second}, разломили пополам {+food.acc} и пошли домой. {contest_end}",
            "С тех пор {beast} и {second} больше не спорят. {contest_end}",
            "Думаете, {beast} и {second} помирились? Теперь они спорят, кто первым помирился. {contest_end}",
        ),
    ),
)
