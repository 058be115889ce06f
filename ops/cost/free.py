"""Resource types without a charge of their own, each with the reason."""

_NETWORK = "parts of a VPC are free: aws.amazon.com/vpc/pricing"
_IAM = "IAM is free: aws.amazon.com/iam"
_SETTING = "a setting of a resource that is priced itself"
_OBJECT = "an object in the cluster: what runs is paid with its nodes"
_POD_FOR_A_WHILE = "a pod for minutes, in the room that the nodes have"

FREE: dict[str, str] = {
    **dict.fromkeys(
        (
            "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
            "aws:ec2/defaultRouteTable:DefaultRouteTable",
            "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
            "aws:ec2/internetGateway:InternetGateway",
            "aws:ec2/managedPrefixList:ManagedPrefixList",
            "aws:ec2/networkAcl:NetworkAcl",
            "aws:ec2/networkAclRule:NetworkAclRule",
            "aws:ec2/route:Route",
            "aws:ec2/routeTable:RouteTable",
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            "aws:ec2/securityGroup:SecurityGroup",
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            "aws:ec2/subnet:Subnet",
            "aws:ec2/tag:Tag",
            "aws:ec2/vpcDhcpOptions:VpcDhcpOptions",
            "aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation",
            "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy",
            "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
            "aws:ec2/vpcEndpointSecurityGroupAssociation:VpcEndpointSecurityGroupAssociation",
            "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        ),
        _NETWORK,
    ),
    **dict.fromkeys(
        (
            "aws:iam/instanceProfile:InstanceProfile",
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            "aws:iam/policy:Policy",
            "aws:iam/policyAttachment:PolicyAttachment",
            "aws:iam/role:Role",
            "aws:iam/rolePolicy:RolePolicy",
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
            "aws:iam/serviceLinkedRole:ServiceLinkedRole",
        ),
        _IAM,
    ),
    **dict.fromkeys(
        (
            "aws:athena/database:Database",
            "aws:athena/namedQuery:NamedQuery",
            "aws:athena/preparedStatement:PreparedStatement",
            "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy",
            "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
            "aws:cloudwatch/logStream:LogStream",
            "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
            "aws:cloudwatch/queryDefinition:QueryDefinition",
            "aws:eks/accessEntry:AccessEntry",
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            "aws:eks/podIdentityAssociation:PodIdentityAssociation",
            "aws:elasticache/parameterGroup:ParameterGroup",
            "aws:elasticache/subnetGroup:SubnetGroup",
            "aws:elasticache/user:User",
            "aws:elasticache/userGroup:UserGroup",
            "aws:elasticache/userGroupAssociation:UserGroupAssociation",
            "aws:kms/alias:Alias",
            "aws:kms/grant:Grant",
            "aws:kms/keyPolicy:KeyPolicy",
            "aws:lb/listener:Listener",
            "aws:lb/listenerCertificate:ListenerCertificate",
            "aws:lb/listenerRule:ListenerRule",
            "aws:lb/targetGroup:TargetGroup",
            "aws:lb/targetGroupAttachment:TargetGroupAttachment",
            "aws:rds/eventSubscription:EventSubscription",
            "aws:rds/optionGroup:OptionGroup",
            "aws:rds/parameterGroup:ParameterGroup",
            "aws:rds/subnetGroup:SubnetGroup",
            "aws:route53/record:Record",
            "aws:route53/zoneAssociation:ZoneAssociation",
            "aws:s3/bucketAcl:BucketAcl",
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
            "aws:s3/bucketLogging:BucketLogging",
            "aws:s3/bucketLoggingV2:BucketLoggingV2",
            "aws:s3/bucketNotification:BucketNotification",
            "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
            "aws:s3/bucketPolicy:BucketPolicy",
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "aws:s3/bucketServerSideEncryptionConfiguration:"
            "BucketServerSideEncryptionConfiguration",
            "aws:s3/bucketVersioning:BucketVersioning",
            "aws:s3/bucketVersioningV2:BucketVersioningV2",
            "aws:secretsmanager/secretPolicy:SecretPolicy",
            "aws:secretsmanager/secretRotation:SecretRotation",
            "aws:secretsmanager/secretVersion:SecretVersion",
            "aws:sns/topicPolicy:TopicPolicy",
            "aws:sns/topicSubscription:TopicSubscription",
            "aws:wafv2/ipSet:IpSet",
            "aws:wafv2/regexPatternSet:RegexPatternSet",
            "aws:wafv2/webAclAssociation:WebAclAssociation",
            "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        ),
        _SETTING,
    ),
    **dict.fromkeys(
        (
            "aws:acm/certificate:Certificate",
            "aws:acm/certificateValidation:CertificateValidation",
        ),
        "public certificates are free: aws.amazon.com/certificate-manager/pricing",
    ),
    "aws:budgets/budget:Budget": "budgets that only notify are free: "
    "aws.amazon.com/aws-cost-management/aws-budgets/pricing",
    **dict.fromkeys(
        (
            "aws:cloudwatch/eventRule:EventRule",
            "aws:cloudwatch/eventTarget:EventTarget",
        ),
        "events of AWS's own services are free: aws.amazon.com/eventbridge/pricing",
    ),
    **dict.fromkeys(
        (
            "aws:glue/catalogDatabase:CatalogDatabase",
            "aws:glue/catalogTable:CatalogTable",
        ),
        "the first million objects and requests a month are free: aws.amazon.com/glue/pricing",
    ),
    "aws:accessanalyzer/analyzer:Analyzer": "analyzers of external access are free: "
    "aws.amazon.com/iam/access-analyzer/pricing",
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": "a setting of the account",
    "aws:ssm/parameter:Parameter": "standard parameters are free: "
    "aws.amazon.com/systems-manager/pricing",
    **dict.fromkeys(
        (
            "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
            "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
            "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
            "kubernetes:core/v1:ConfigMap",
            "kubernetes:core/v1:Namespace",
            "kubernetes:core/v1:Secret",
            "kubernetes:core/v1:ServiceAccount",
            "kubernetes:eks.amazonaws.com/v1:NodeClass",
            "kubernetes:eks.amazonaws.com/v1:TargetGroupBinding",
            "kubernetes:external-secrets.io/v1:ClusterSecretStore",
            "kubernetes:external-secrets.io/v1:ExternalSecret",
            "kubernetes:external-secrets.io/v1:SecretStore",
            "kubernetes:monitoring.coreos.com/v1:PodMonitor",
            "kubernetes:monitoring.coreos.com/v1:PrometheusRule",
            "kubernetes:monitoring.coreos.com/v1:ServiceMonitor",
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
            "kubernetes:policy/v1:PodDisruptionBudget",
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
            "kubernetes:rbac.authorization.k8s.io/v1:Role",
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
            "kubernetes:scheduling.k8s.io/v1:PriorityClass",
            "kubernetes:storage.k8s.io/v1:StorageClass",
        ),
        _OBJECT,
    ),
    **dict.fromkeys(
        ("kubernetes:batch/v1:CronJob", "kubernetes:batch/v1:Job"),
        _POD_FOR_A_WHILE,
    ),
}
# Packages and components of the program itself.
_OWN = ("litellm:", "pulumi:", "random:")


def why_free(resource_type: str) -> str | None:
    """Return why a type costs nothing; None if nothing is known of it."""
    if resource_type.startswith(_OWN):
        return "exists in Pulumi's state only"
    return FREE.get(resource_type)
