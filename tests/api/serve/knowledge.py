"""What a small shop's orders and windows teach, as the dataflow writes it."""

from contracts.settings import FlowSettings
from flows.view_writes import ViewWrites
from operators.basket_stage import BasketStage
from operators.examples import Bought, Touched, Window
from operators.messages import Examples
from storage.writes import Write

MINUTE = 60_000
KETTLE = Touched("kettle", "Kettle", "Home > Kitchen > Kettles", "acme", ["steel"])
TEAPOT = Touched("teapot", "Teapot", "Home > Kitchen > Teapots", "acme", ["china"])
CUP = Touched("cup", "Cup", "Home > Kitchen > Cups", "bell", ["china"])
RAKE = Touched("rake", "Rake", "Garden > Rakes", "acme")
HOSE = Touched("hose", "Hose", "Garden > Hoses", "acme")
GONE = Touched("gone", "Gone", "Home > Kitchen > Cups", "bell", ["china"])

WINDOWS = (
    [Touched("", "tea time"), KETTLE, TEAPOT, CUP, GONE],
    [RAKE, HOSE],
    [Touched("", "teepot"), TEAPOT],
    [TEAPOT, CUP],
    [KETTLE, TEAPOT, Touched("", "teapot")],
)
ORDERS = (["kettle", "teapot", "cup"], ["rake", "hose"], ["rake"], ["spoon"])


def taught(now: int, rounds: int = 12) -> BasketStage:
    stage = BasketStage(FlowSettings(), b"", False)
    examples: list[Window | Bought] = []
    for number in range(rounds):
        time = now - (rounds - number) * 10 * MINUTE
        windows = [w for at, w in enumerate(WINDOWS) if at != 2 or number % 4 == 0]
        examples += [Window("default", "ada", number, time, window) for window in windows]
        examples += [Bought("default", "ada", number, time, order) for order in ORDERS]
    stage.on_batch([Examples(-1, "baskets", list(examples))])
    return stage


def knowledge(now: int, namespace: str = "live") -> list[Write]:
    writes = ViewWrites(namespace)
    return [one for views in taught(now).finish() for one in writes(views.items)]
