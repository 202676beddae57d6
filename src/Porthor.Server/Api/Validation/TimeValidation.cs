using Porthor.Values;

namespace Porthor.Server.Api.Validation;

/// <summary>Provides the errors of times in parameters and bodies (contract/api.md 3.4).</summary>
internal static class TimeValidation
{
    public static (string Type, string Message, (string, object)? Context) Error(TimeParseError error) => error.OutOfRange
        ? ("datetime_parsing", $"Input should be a valid datetime, {error.Reason}", ("error", error.Reason))
        : ("datetime_from_date_parsing", $"Input should be a valid datetime or date, {error.Reason}", ("error", error.Reason));
}
