using System.Globalization;
using Porthor.Ingress;
using Porthor.Server.Http;
using Porthor.Server.Values;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Server.Ingress;

/// <summary>Reads the parameters of an authorization subrequest, and collects all errors (contract/ingress.md 2).</summary>
internal sealed class IngressParameters(HttpRequest request, OriginalTarget target)
{
    private const string MethodName = "x-original-method";
    private const int LongestService = 64;

    private readonly IHeaderDictionary headers = request.Headers;
    private readonly QueryParameters query = new(request);

    /// <summary>Returns the warnings about the rule.</summary>
    /// <param name="knownScopes">The scopes of the configuration.</param>
    public IReadOnlyList<RuleWarning> Warnings(IReadOnlyDictionary<string, string> knownScopes) =>
        RuleWarnings.Of(query.Names, query.All, knownScopes);

    /// <summary>Returns the rule of the location. If it has errors, adds them and returns null.</summary>
    public IngressRule? ReadRule(ValidationErrors errors)
    {
        var mine = new ValidationErrors();
        // The errors are in the order of Gafaelfawr: by name, and headers last.
        var allowOptions = Flag("allow_options", ifAbsent: false, mine);
        ReadChallengeType(mine);
        // A longer name would not fit into a token record, so the created token would be unusable.
        var delegateTo = Text("delegate_to", LongestService, mine);
        var lifetime = ReadLifetime(mine);
        var notebook = Flag("notebook", ifAbsent: false, mine);
        var anyScope = OneOf("satisfy", "'any' or 'all'", ["any", "all"], mine) == "any";
        var service = Text("service", int.MaxValue, mine);
        var useAuthorization = Flag("use_authorization", ifAbsent: false, mine);
        var userDomain = Flag("user_domain", ifAbsent: false, mine);
        var url = Required(target.Url, "x-original-url", mine);
        errors.AddAll(mine);
        if (mine.Any || url is null)
            return null;
        return new IngressRule
        {
            Scopes = ScopeSet.Of(query.All("scope") ?? []),
            AnyScope = anyScope,
            Service = service,
            AllowOptions = allowOptions,
            Notebook = notebook,
            DelegateTo = delegateTo,
            DelegateScopes = ScopeSet.Of(query.All("delegate_scope") ?? []),
            GivenLifetime = lifetime,
            UseAuthorization = useAuthorization,
            OnlyServices = query.All("only_service"),
            Username = query["username"],
            UserDomain = userDomain,
        };
    }

    /// <summary>Returns the request of the user. If its parameters have errors, adds them and returns null.</summary>
    public OriginalRequest? ReadOriginal(ValidationErrors errors)
    {
        var mine = new ValidationErrors();
        var allowCookies = Flag("allow_cookies", ifAbsent: true, mine);
        var type = ReadChallengeType(mine);
        var method = Required(target.Method, MethodName, mine);
        errors.AddAll(mine);
        if (method is null)
            // Gafaelfawr reads this header in two places, and reports it twice.
            Required(target.Method, MethodName, errors);
        if (mine.Any || method is null)
            return null;
        return new OriginalRequest(allowCookies, type, HeaderText.Decode(target.Url ?? ""), method, IsAjax(headers));
    }

    public static bool IsAjax(IHeaderDictionary headers) =>
        headers["X-Requested-With"] is [.., { } with] && with.Equals("XMLHttpRequest", StringComparison.OrdinalIgnoreCase);

    private ChallengeType ReadChallengeType(ValidationErrors errors) =>
        OneOf("auth_type", "'basic' or 'bearer'", ["basic", "bearer"], errors) == "basic" ? ChallengeType.Basic : ChallengeType.Bearer;

    private TimeSpan? ReadLifetime(ValidationErrors errors)
    {
        const string name = "minimum_lifetime";
        if (query.Find(name) is not { } text)
            return null;
        if (!double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) || !double.IsFinite(seconds)
            || text.Contains('\0', StringComparison.Ordinal))
        {
            errors.Add("value_error", At(name), $"Value error, could not convert string to float: '{text}'", text, ("error", new object()));
            return null;
        }
        if (seconds >= IngressRule.ShortestLifetime.TotalSeconds)
            return TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2));
        errors.Add(
            "greater_than_equal", At(name), "Input should be greater than or equal to datetime.timedelta(seconds=300)", text,
            ("ge", "datetime.timedelta(seconds=300)"));
        return null;
    }

    private bool Flag(string name, bool ifAbsent, ValidationErrors errors)
    {
        if (query.Find(name) is not { } text)
            return ifAbsent;
        if (BooleanText.Parse(text) is { } flag)
            return flag;
        errors.Add("bool_parsing", At(name), "Input should be a valid boolean, unable to interpret input", text);
        return ifAbsent;
    }

    private string? OneOf(string name, string expected, string[] values, ValidationErrors errors)
    {
        if (query.Find(name) is not { } text || values.Contains(text, StringComparer.Ordinal))
            return query.Find(name);
        errors.Add("enum", At(name), $"Input should be {expected}", text, ("expected", expected));
        return null;
    }

    /// <summary>Returns the value of a header, which may be empty. Adds an error if the header is missing.</summary>
    private static string? Required(string? value, string header, ValidationErrors errors)
    {
        if (value is null)
            errors.Add("missing", new Location("header", header), "Field required", input: null);
        return value;
    }

    /// <summary>
    /// Returns the name of a service, which is stored with tokens; null if it is missing, empty or invalid. Adds an error if it is invalid.
    /// </summary>
    private string? Text(string name, int longest, ValidationErrors errors)
    {
        if (query[name] is not { } text)
            return null;
        if (TextValidation.Check(text, 1, longest, pattern: null) is var (type, message, context))
            errors.Add(type, At(name), message, text, context);
        else if (text.Contains('\0', StringComparison.Ordinal))
            errors.Add("value_error", At(name), "Value error, NUL characters are not allowed", text, ("error", new object()));
        else if (TokenRules.StoredTextError(text) is { } error)
            errors.Add("value_error", At(name), $"Value error, {error}", input: null, ("error", new object()));
        else
            return text;
        return null;
    }

    private static Location At(string name) => new("query", name);
}
