using System.Text.RegularExpressions;

namespace Porthor.Server.Login;

/// <summary>
/// Why somebody could not be reached, in words that may be logged: with the causes that the library only points to, and without the
/// name and the password that a proxy's address may hold.
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
