"""Run by LiteLLM's own Python: which deployment a team gets, and what STS is asked for it.

    python call_as_team.py config.yaml model team…

It prints a line of JSON for each team: the deployment's id and whether credentials came back.
STS is where AWS_ENDPOINT_URL_STS points.
"""

import json
import os
import sys
from pathlib import Path

import yaml

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"


def main(config: str, model: str, teams: list[str]) -> None:
    from litellm import Router
    from litellm.llms.bedrock.base_aws_llm import BaseAWSLLM

    router = Router(model_list=yaml.safe_load(Path(config).read_text())["model_list"])
    for team in teams:
        chosen = router.get_available_deployment(
            model, request_kwargs={"metadata": {"user_api_key_team_id": team or None}}
        )
        given = chosen["litellm_params"]
        names = ("role_name", "session_name", "external_id", "session_tags")
        credentials = BaseAWSLLM().get_credentials(
            aws_region_name=given["aws_region_name"],
            **{f"aws_{name}": given.get(f"aws_{name}") for name in names},
        )
        answer = {"id": chosen["model_info"]["id"], "credentials": credentials is not None}
        print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
