class OrderProblem(Exception):
    """Why an order cannot become a sale order, in words for a person.

    :param unmapped: values of ``marketplace.tax.map`` that a person must complete
    :param is_tax: the tax mapping is where to mend it
    """

    def __init__(self, text, unmapped=(), is_tax=False):
        super().__init__(text)
        self.unmapped = list(unmapped)
        self.is_tax = is_tax or bool(self.unmapped)
