using System.Security.Cryptography;
using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Server.Accounts;
using Porthor.Server.Configuration;
using Porthor.Server.Platform;

namespace Porthor.Server.Login.Local;

/// <summary>
/// Represents the only user of an embedded deployment without configured users. The data directory contains the hash of the password. The
/// first start creates the password and prints it. Later the password can only be replaced, not displayed.
/// </summary>
internal sealed class LocalAdministrator(DataDirectory folder)
{
    public const string Username = "admin";

    private const string FileName = DataDirectory.LocalAdministratorName;

    /// <summary>An id outside the ranges that operating systems assign.</summary>
    private const long GroupId = 70_001;

    /// <summary>Letters and digits that are not easily confused.</summary>
    private const string Characters = "abcdefghjkmnpqrstuvwxyz23456789";

    /// <summary>The number of groups of six characters. The password has 24 characters out of 31, which are 118 bits.</summary>
    private const int GroupCount = 4;

    /// <summary>Returns the administrator; null if a login provider or local users are configured.</summary>
    public static LocalAdministrator? Of(DataDirectory? folder, PorthorSettings settings) =>
        folder is not null && !settings.Providers.HasAny ? new LocalAdministrator(folder) : null;

    /// <summary>Creates the password and returns it. Returns null if there is a password already.</summary>
    /// <exception cref="StartException">The file in the data directory is not a hash.</exception>
    public Secret? CreateIfMissing()
    {
        if (TryRead() is not null)
            return null;
        var (password, hash) = Make();
        return folder.TryCreate(FileName, hash.Reveal()) ? password : null;
    }

    /// <summary>Creates a new password and returns it. A running server immediately rejects the old one.</summary>
    public Secret Reset()
    {
        var (password, hash) = Make();
        folder.Replace(FileName, hash.Reveal());
        return password;
    }

    /// <summary>Reads the administrator with the current password; null before the first start.</summary>
    public LocalUser? TryRead() => folder.TryRead(FileName) is { } text
        ? new LocalUser(
            Username,
            new UserData { Groups = [new Group(DefaultGroups.Admins, GroupId)] },
            PasswordHash.TryParse(text, out _)
                ?? throw new StartException(
                    $"The file {FileName} in {folder.Path} does not contain a password hash; "
                    + "'porthor local-admin reset-password' creates a new one."))
        : null;

    private static (Secret Password, PasswordHash Hash) Make()
    {
        var groups = Enumerable.Range(0, GroupCount).Select(_ => RandomNumberGenerator.GetString(Characters, 6));
        var password = string.Join('-', groups);
        return (new Secret(password), PasswordHash.Of(password));
    }
}
