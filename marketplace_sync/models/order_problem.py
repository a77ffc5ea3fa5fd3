class OrderProblem(Exception):
    """Why an order cannot become a sale order, in words for a person.

    :param unmapped: values of ``marketplace.tax.map`` that a person must complete
    """

    def __init__(self, text, unmapped=()):
        super().__init__(text)
        self.unmapped = list(unmapped)
