using System.Diagnostics.CodeAnalysis;
using Porthor.Secrets;
using Porthor.Tokens;

namespace Porthor.Server.Platform;

/// <summary>
/// Represents the data directory of embedded mode: the database, the two secrets and the hash of the administrator's password. Only the
/// owner can read them. A missing file is created at the first start.
/// </summary>
internal sealed class DataDirectory
{
    private const string DatabaseName = "porthor.db";
    private const string SecretName = "session-secret";
    private const string BootstrapTokenName = "bootstrap-token";
    private const string LockName = "lock";

    /// <summary>Returns the error message of a command that needs an existing deployment and finds none.</summary>
    /// <param name="place">The data directory, or the address and the name of the database.</param>
    public static string MissingMessage(string place) =>
        $"There is no deployment at {place}. Give this command the variables and options of the service, for example with --env-file "
        + "FILE or --data-dir DIR. "
        + "To create a deployment, run 'porthor init'.";

    /// <summary>The name of the file with the hash of the local administrator's password.</summary>
    public const string LocalAdministratorName = "local-admin";

    private static readonly string[] FileNames =
        [DatabaseName, $"{DatabaseName}-wal", $"{DatabaseName}-shm", SecretName, BootstrapTokenName, LocalAdministratorName];

    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private DataDirectory(string path, FernetKey[] sessionKeys, Token? bootstrapToken, bool isNew)
    {
        Path = path;
        SessionKeys = sessionKeys;
        BootstrapToken = bootstrapToken;
        IsNew = isNew;
    }

    public string Path { get; }

    /// <summary>Gets whether this start created the directory.</summary>
    public bool IsNew { get; }

    public IReadOnlyList<FernetKey> SessionKeys { get; }

    /// <summary>Gets the bootstrap token; null if the file is missing and the command must not create it.</summary>
    public Token? BootstrapToken { get; }

    public string DatabasePath => System.IO.Path.Combine(Path, DatabaseName);

    public string BootstrapTokenPath => System.IO.Path.Combine(Path, BootstrapTokenName);

    /// <summary>Opens the directory.</summary>
    /// <param name="use">Whether the directory and the files in it are created if they are missing.</param>
    /// <exception cref="StartException">
    /// The directory cannot be written to, other users can change it, or a secret in it is invalid.
    /// </exception>
    /// <param name="bringsKeys">True if the settings contain the session secrets. The directory then needs no file with the secret.</param>
    public static DataDirectory Open(string path, bool bringsKeys = false, DeploymentUse use = DeploymentUse.CreateIfMissing)
    {
        try
        {
            var mayCreate = use == DeploymentUse.CreateIfMissing;
            if (File.Exists(path))
                throw new StartException($"The data directory {path} cannot be used: it is a file. Choose a directory with --data-dir.");
            ParentPermissions.Check(path);
            // This check comes before the search for files, because a file in a directory that this user cannot read appears to be missing.
            DataFileAccess.Require(path);
            if (!mayCreate && !HasDatabase(path))
                throw new StartException(MissingMessage(path));
            var isNew = !Directory.Exists(path);
            if (mayCreate)
                CreateFolder(path);
            DataPermissions.Check(path, FileNames);
            DataPermissions.RefuseLink(System.IO.Path.Combine(path, LockName));
            if (!bringsKeys)
                RefuseLostSecret(path);
            var sessionSecret = ReadOrCreate(
                System.IO.Path.Combine(path, SecretName), mayCreate ? () => FernetKey.Create().Reveal() : null);
            var bootstrapToken = ReadOrCreate(
                System.IO.Path.Combine(path, BootstrapTokenName), mayCreate ? () => Token.Create().Reveal() : null);
            FernetKey?[] keys = [.. sessionSecret?.Split(',', StringSplitOptions.TrimEntries).Select(FernetKey.TryParse) ?? []];
            if (keys.Any(key => key is null))
                throw new StartException($"The file {SecretName} in {path} does not contain a Fernet key.");
            Token? token = null;
            if (bootstrapToken is not null && !Token.TryParse(bootstrapToken, out token))
                throw new StartException($"The file {BootstrapTokenName} in {path} does not contain a token.");
            if (mayCreate)
                CreateDatabaseFile(System.IO.Path.Combine(path, DatabaseName));
            return new DataDirectory(path, keys!, token, isNew);
        }
        catch (UnauthorizedAccessException e) when (OperatingSystem.IsLinux() && !Directory.Exists(path))
        {
            var user = FileStatus.NameOf(FileStatus.CurrentUserId);
            throw new StartException(
                $"The data directory {path} cannot be created: permission denied. Porthor runs as {user}. "
                + $"Choose another with --data-dir, or run as root: install -d -o {user} -m 700 {path}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The data directory {path} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>
    /// Locks the directory for one server. The operating system releases the lock when the process ends. Commands that run while a server
    /// is running do not need the lock.
    /// </summary>
    /// <exception cref="StartException">Another server holds the lock.</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The caller holds the lock.")]
    public IDisposable Claim()
    {
        var lockPath = System.IO.Path.Combine(Path, LockName);
        try
        {
            return new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (IOException e)
        {
            throw new StartException($"Another server is running on the data directory {Path}.", e);
        }
    }

    /// <summary>Reads the text of a file in the directory, trimmed. Returns null if the file does not exist.</summary>
    public string? TryRead(string name)
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(Path, name)).Trim();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Creates a file in the directory. Returns false if the file exists.</summary>
    public bool TryCreate(string name, string text) => TryMove(Draft(System.IO.Path.Combine(Path, name), text), overwrite: false);

    /// <summary>Creates or replaces a file in the directory. The replacement is atomic.</summary>
    public void Replace(string name, string text) => TryMove(Draft(System.IO.Path.Combine(Path, name), text), overwrite: true);

    /// <summary>Throws if the session secret is missing. A new secret could not decrypt the existing token records.</summary>
    private static void RefuseLostSecret(string path)
    {
        var secret = System.IO.Path.Combine(path, SecretName);
        var database = new FileInfo(System.IO.Path.Combine(path, DatabaseName));
        if (database is { Exists: true, Length: > 0 } && !File.Exists(secret))
        {
            throw new StartException(
                $"The data directory {path} has a database but no file {SecretName}. Tokens cannot be read without this file. "
                + "Restore the file from a backup. "
                + $"If there is none, every token is lost. To start again, run: (umask 077 && porthor generate-session-secret > {secret})");
        }
    }

    private static bool HasDatabase(string path) =>
        new FileInfo(System.IO.Path.Combine(path, DatabaseName)) is { Exists: true, Length: > 0 };

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnlyFolder);
    }

    /// <summary>Creates an empty database file. SQLite creates its other files with the same mode.</summary>
    private static void CreateDatabaseFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnlyFile;
        new FileStream(path, options).Dispose();
    }

    /// <summary>
    /// Returns the trimmed text of a file, and creates the file if it is missing. Two processes that start at the same time use the same
    /// text.
    /// </summary>
    /// <returns>Null if the file is missing and must not be created.</returns>
    /// <param name="make">Returns the text of a new file; null if a missing file must not be created.</param>
    private static string? ReadOrCreate(string path, Func<string>? make)
    {
        if (!File.Exists(path))
        {
            if (make is null)
                return null;
            TryMove(Draft(path, make()), overwrite: false);
        }
        return File.ReadAllText(path).Trim();
    }

    /// <summary>Writes a temporary file that only its owner can read; <see cref="TryMove"/> moves it to its path.</summary>
    private static (string Draft, string Path) Draft(string path, string text)
    {
        var draft = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnlyFile;
        using var file = new FileStream(draft, options);
        file.Write(System.Text.Encoding.ASCII.GetBytes(text + "\n"));
        file.Flush(flushToDisk: true);
        return (draft, path);
    }

    /// <summary>Moves a temporary file to its path. Returns false if the path exists and must not be overwritten.</summary>
    private static bool TryMove((string Draft, string Path) file, bool overwrite)
    {
        try
        {
            File.Move(file.Draft, file.Path, overwrite);
            return true;
        }
        catch (IOException) when (!overwrite && File.Exists(file.Path))
        {
            File.Delete(file.Draft);
            return false;
        }
    }
}
