"""``AdapterContract``: a host's own adapter, tested on the host's own models and database.

    from scim_provisioning.testing import AdapterContract

    class TestOurAdapter(AdapterContract):
        def make_connection(self):
            row = SSOSettings.objects.create(organization=Organization.objects.create(name="One"), enabled=True)
            return SCIMConnection.objects.create(name="One", sso_key=str(row.pk))

Needs pytest and pytest-django. Each test goes over HTTP through Django's test client at the mounted URLs, in a
transaction of its own.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import pytest
from django.contrib.auth import get_user_model

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.bench import expect, settings_for_tests
from scim_provisioning.testing.mapped import Mapped, lines_of
from scim_provisioning.testing.topics.access import Access
from scim_provisioning.testing.topics.attributes import Attributes
from scim_provisioning.testing.topics.customers import Customers
from scim_provisioning.testing.topics.hooks import Hooks
from scim_provisioning.testing.topics.returning import Returning
from scim_provisioning.testing.topics.searching import Searching
from scim_provisioning.testing.topics.spellings import Spellings
from scim_provisioning.testing.topics.stillness import Stillness


class AdapterContract(Attributes, Stillness, Customers, Access, Returning, Hooks, Spellings, Searching):
    """Subclass it, name the class ``Test...``, and say how a customer is made; see ``Bench`` for all that a host
    may answer.

    A test about something that the mapping does not have (no manager, no e-mail address) does not exist.
    """

    pytestmark = pytest.mark.django_db

    _lacking: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Compile the host's mapping, and take away the tests that it has no subject for."""
        super().__init_subclass__(**kwargs)
        cls.subjects = subjects_of(
            cls.compiled_mapping(get_adapter_class()), cls.single_customer
        ) | _cases_of(cls)
        cls._take_away_what_is_lacking()

    @classmethod
    def _take_away_what_is_lacking(cls) -> None:
        for name in [name for name in dir(cls) if name.startswith("test")]:
            if name in vars(cls) or (getattr(cls, name) is None and name not in cls._lacking):
                continue  # the host's own word
            # A class in between may have another mapping, and have taken the test away.
            test = next(vars(base)[name] for base in cls.__mro__ if vars(base).get(name))
            lacking = any(cls.subjects.get(arg) == [] for arg in inspect.signature(test).parameters)
            setattr(cls, name, None if lacking else test)
            cls._lacking = cls._lacking | {name} if lacking else cls._lacking - {name}

    @classmethod
    def compiled_mapping(cls, adapter_class: type[LearnerAdapter]) -> CompiledMapping:
        """The mapping to test: that of the class, else what the adapter gives a customer."""
        if cls.mapping is None:
            try:
                return adapter_class.compiled(SCIMConnection())
            except Exception as error:
                # Whatever a host's mapping_for() may raise for a connection that is not saved.
                raise AssertionError(
                    f"mapping_for() asks for a connection that exists: set {cls.__name__}.mapping to the list that "
                    "the customer of make_connection has."
                ) from error
        answers = {"mapping_for": staticmethod(lambda connection: cls.mapping)}
        named: type[LearnerAdapter] = type(adapter_class.__name__, (adapter_class,), answers)
        return named.compiled(SCIMConnection())

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test once for each subject of the arguments that it names."""
        for argument in metafunc.fixturenames:
            if argument in self.subjects:
                values = self.subjects[argument]
                metafunc.parametrize(argument, values, ids=[_id_of(value) for value in values])

    @pytest.fixture(autouse=True)
    def _customer(self, db: None, settings: Any) -> None:
        settings.SCIM_PROVISIONING = settings_for_tests()
        self.set_up()

    def test_the_mapping_has_no_problems(self) -> None:
        problems = self.adapter_class.mapping_problems(self.connection)
        said = "\n".join(f"{problem.path} → {problem.target}: {problem.message}" for problem in problems)
        expect(
            not problems,
            f"The mapping cannot work:\n{said}",
            "Run manage.py check; its hints say how to mend it.",
        )

    def test_the_customer_has_the_mapping_that_is_tested(self) -> None:
        tested = {str(line) for name in ("attribute", "manager") for line in self.subjects[name]}
        has = {str(line) for line in lines_of(self.adapter_class.compiled(self.connection))}
        expect(
            tested == has,
            f"The customer of make_connection has another mapping than was tested: {sorted(tested ^ has)}",
            "mapping_for() differs from customer to customer: set mapping = … on this class, one class a mapping.",
        )

    def test_user_name_and_active_are_covered(self) -> None:
        mapping = self.adapter_class.compiled(self.connection)
        for name, entry in (("userName", mapping.user_name), ("active", mapping.active)):
            expect(
                entry is not None,
                f"Nothing of your accounts is mapped to {name}.",
                f"Add a line for {name}: without userName nobody is found, without active a leaver keeps access.",
            )
        expect(
            self.subjects["attribute"],
            "The mapping maps nothing but userName and active.",
            "Add your attributes.",
        )


def subjects_of(mapping: CompiledMapping, single_customer: bool) -> dict[str, list[Any]]:
    """What of a mapping each argument of a test stands for."""
    lines = lines_of(mapping)
    attributes = [line for line in lines if not line.is_manager]
    named = [mapping.user_name.field.name] if mapping.user_name else []
    columns = {column.name for column in get_user_model()._meta.get_fields()}
    return {
        "attribute": attributes,
        "manager": [line for line in lines if line.is_manager],
        "clearable": [line for line in attributes if line.can_be_cleared],
        "kept": [line for line in attributes if line.is_kept],
        "required": [line for line in attributes if line.is_required],
        "limited": [line for line in attributes if line.longest],
        "defaulted": [line for line in attributes if line.plain_default is not None],
        "text": [line for line in attributes if line.type == "string" and not line.is_case_exact],
        "sortable": [line for line in attributes if _can_be_sorted(line)],
        "email": [line for line in attributes if line.sent_at == 'emails[type eq "work"].value'],
        "scoped": [line for line in attributes if line.is_scoped],
        "account_name": named,
        "guard": [name for name in ("is_staff", "is_superuser") if name in columns],
        "second_customer": [] if single_customer else ["second customer"],
    }


def _can_be_sorted(line: Mapped) -> bool:
    return not line.is_relation and "[" not in line.path


def _cases_of(cls: type) -> dict[str, list[Any]]:
    """The ``cases`` of every topic of a class."""
    return {name: values for base in cls.__mro__ for name, values in vars(base).get("cases", {}).items()}


def _id_of(value: Any) -> str:
    return value.__name__.strip("_").replace("_", " ") if inspect.isfunction(value) else str(value)
