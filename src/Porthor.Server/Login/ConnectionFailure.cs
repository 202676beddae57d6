using System.Text.RegularExpressions;

namespace Porthor.Server.Login;

/// <summary>
/// Describes for the log why a connection failed: with the messages of the inner exceptions, and without credentials, which the address of
/// a proxy can contain.
/// </summary>
internal static partial class ConnectionFailure
{
    public static string TextOf(Exception exception)
    {
        List<string> texts = [];
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            var text = cause.Message.Replace(", see inner exception", "", StringComparison.Ordinal).TrimEnd('.', '"');
            if (!texts.Exists(earlier => earlier.Contains(text, StringComparison.Ordinal)))
                texts.Add(text);
        }
        return Credentials.Replace(string.Join(": ", texts), "//***@");
    }

    [GeneratedRegex(@"//[^\s']*@", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Credentials { get; }
}
