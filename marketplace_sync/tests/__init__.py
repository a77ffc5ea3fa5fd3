from . import test_push
from . import test_submitted
from . import test_tokens
from . import test_channels
