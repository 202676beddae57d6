using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Porthor.History;
using Porthor.Tokens;
using Porthor.Values;

namespace Porthor.Sql;

/// <summary>Represents a constant part of a statement. It must not contain a value that comes from outside the program.</summary>
internal sealed record SqlFragment
{
    public static readonly SqlFragment None = new("");

    // Only constants of the dialects and statements may be passed.
    internal SqlFragment(string text) => Text = text;

    public string Text { get; }
}

/// <summary>Represents the condition that a column contains one of the keys.</summary>
internal sealed record SqlIn(SqlFragment Column, IEnumerable<TokenKey> Keys);

/// <summary>
/// Represents keys as a table <c>k</c> with the columns <c>token</c> and <c>number</c>. The number is the position of the key in the given
/// order.
/// </summary>
internal sealed record SqlOrderedKeys(IEnumerable<TokenKey> Keys);

/// <summary>Represents an array of texts or times, for statements that process several rows.</summary>
internal sealed record SqlArrayParameter
{
    public SqlArrayParameter(string?[] texts) => Texts = texts;

    public SqlArrayParameter(DateTimeOffset?[] times) => Times = times;

    public string?[]? Texts { get; }

    public DateTimeOffset?[]? Times { get; }
}

/// <summary>Represents the condition that a column contains an address of a block.</summary>
internal sealed record SqlInNetwork(SqlFragment Column, AddressBlock Block);

/// <summary>
/// Represents a statement with its parameters. It is written as an interpolated string: each value in braces becomes a parameter, so that
/// values cannot become a part of the SQL text.
/// </summary>
[InterpolatedStringHandler]
internal sealed class SqlStatement
{
    private readonly Dialect dialect;
    private readonly StringBuilder text;

    public SqlStatement(int literalLength, int formattedCount, SqlDatabase database)
    {
        dialect = database.Dialect;
        text = new StringBuilder(literalLength + (formattedCount * 4));
        Parameters = new List<object?>(formattedCount);
    }

    /// <summary>Creates a further part of a statement. It is appended to the same text and parameters.</summary>
    public SqlStatement(int literalLength, int formattedCount, SqlStatement whole)
    {
        dialect = whole.dialect;
        text = whole.text;
        text.EnsureCapacity(text.Length + literalLength + (formattedCount * 4));
        Parameters = whole.Parameters;
    }

    public List<object?> Parameters { get; }

    public string Text => text.ToString();

    /// <summary>Appends a part to this statement.</summary>
    public SqlStatement Append([InterpolatedStringHandlerArgument("")] SqlStatement part)
    {
        _ = part;
        return this;
    }

    public void AppendLiteral(string value) => text.Append(value);

    public void AppendFormatted(SqlFragment fragment) => text.Append(fragment.Text);

    public void AppendFormatted(string? value) => AddParameter(value);

    public void AppendFormatted(long value) => AddParameter(value);

    public void AppendFormatted(byte[]? value) => AddParameter(value);

    public void AppendFormatted(TokenKey value) => AddParameter(value.Value);

    public void AppendFormatted(TokenKey? value) => AddParameter(value?.Value);

    public void AppendFormatted(ScopeSet? value) => AddParameter(value?.Text);

    public void AppendFormatted(DateTimeOffset value) => AddParameter(dialect.Time(value));

    public void AppendFormatted(DateTimeOffset? value) => AddParameter(dialect.Time(value));

    public void AppendFormatted(TokenType value) => dialect.Append(this, value);

    public void AppendFormatted(ChangeAction value) => dialect.Append(this, value);

    public void AppendFormatted(IPAddress? value) => dialect.Append(this, value);

    public void AppendFormatted(SqlArrayParameter values) => dialect.Append(this, values);

    public void AppendFormatted(SqlIn condition) => dialect.Append(this, condition);

    public void AppendFormatted(SqlOrderedKeys keys) => dialect.Append(this, keys);

    public void AppendFormatted(SqlInNetwork condition)
    {
        AppendLiteral("(");
        dialect.Append(this, condition);
        if (condition.Block.Mapped is { } mapped)
        {
            AppendLiteral(" OR ");
            dialect.Append(this, condition with { Block = mapped });
        }
        AppendLiteral(")");
    }

    /// <summary>Appends a placeholder, and adds the value to the parameters.</summary>
    internal SqlStatement AddParameter(object? value, string suffix = "")
    {
        Parameters.Add(value);
        text.Append(CultureInfo.InvariantCulture, $"${Parameters.Count}").Append(suffix);
        return this;
    }
}
