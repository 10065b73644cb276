"""What is known: findings of the review, published effects, facts of the theories, as tables and queries."""

from corticolimbic.evidence._claims import Claim as Claim
from corticolimbic.evidence._claims import claims as claims
from corticolimbic.evidence._effects import Effect as Effect
from corticolimbic.evidence._effects import effects as effects
from corticolimbic.evidence._facts import Fact as Fact
from corticolimbic.evidence._facts import stylised_facts as stylised_facts
from corticolimbic.evidence._findings import Finding as Finding
from corticolimbic.evidence._findings import findings as findings
from corticolimbic.evidence._select import select as select
from corticolimbic.evidence._select import select_effects as select_effects
from corticolimbic.evidence._text import list_text as list_text
from corticolimbic.evidence._text import show_text as show_text
